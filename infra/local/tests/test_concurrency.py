import concurrent.futures
import itertools
import json
import pathlib
import time
import unittest

import boto3
import botocore.exceptions
from botocore.config import Config

from tests.support import PATIENCE, eventually, local_aws

HANDLE = "def handle(event):\n    pass"
WRITES = """
import json
def handle(event):
    with open(PATH, "a") as file:
        file.write(json.dumps(event) + "\\n")
"""
numbers = itertools.count(1)


def new_name() -> str:
    return f"concurrent-{next(numbers)}"


def once(machine):
    """A client of Lambda that does not try again by itself."""
    config = Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("lambda", endpoint_url=machine.endpoint, region_name="us-east-1", config=config, **keys)


class Writer:
    """A function that writes what it is given to a file, a line an event."""

    def __init__(self, machine, room: int | None = None):
        self.service, self.name = machine.client("lambda"), new_name()
        self.file = pathlib.Path(machine.folder.name, self.name)
        self.file.touch()
        self.arn = machine.function(self.name, f"PATH = {str(self.file)!r}\n{WRITES}")
        if room is not None:
            self.service.put_function_concurrency(FunctionName=self.name, ReservedConcurrentExecutions=room)

    def make_room(self) -> None:
        self.service.delete_function_concurrency(FunctionName=self.name)

    def events(self) -> list[dict]:
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def eventually(self, seconds: float = PATIENCE) -> list[dict]:
        return eventually(self.events, seconds=seconds)


def refusal(call, **arguments) -> dict | None:
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return {**error.response, "Status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
    return None


def reasons_of_throttling(machine, name: str, calls: int) -> list[str | None]:
    """The reasons by which so many calls at once, of two seconds each, are throttled."""
    invoke = once(machine).invoke
    with concurrent.futures.ThreadPoolExecutor(calls) as pool:
        answers = pool.map(lambda _: refusal(invoke, FunctionName=name, Payload=b"{}"), range(calls))
        return [answer["Reason"] for answer in answers if answer]


def template(name: str, **more) -> dict:
    code = {"ZipFile": "def handler(event, context):\n    pass"}
    fixed = {"Runtime": "python3.12", "Handler": "index.handler", "Role": "arn:aws:iam::000000000000:role/any", "Code": code}
    return {"F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": name, **fixed, **more}}}


class Concurrency(unittest.TestCase):
    SLEEPS = "import time\ndef handle(event):\n    time.sleep(2)"

    def test_ministack_itself_throttles_what_is_above_a_reservation(self):
        for without in ((), ("concurrency",)):
            machine = local_aws(*without)
            machine.function(name := new_name(), self.SLEEPS)
            machine.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
            reasons = reasons_of_throttling(machine, name, calls=2)
            self.assertEqual(reasons, ["ReservedFunctionConcurrentInvocationLimitExceeded"])

    def test_the_error_is_lambda_s(self):
        machine = local_aws()
        writer = Writer(machine, room=0)
        refused = refusal(once(machine).invoke, FunctionName=writer.name, Payload=b"{}")
        error = refused["Error"]
        self.assertEqual((error["Code"], error["Message"], refused["Status"]), ("TooManyRequestsException", "Rate Exceeded.", 429))

    def test_the_quota_is_a_setting(self):
        machine = local_aws(BANSYNC_ACCOUNT_CONCURRENCY="2")
        machine.function(name := new_name(), self.SLEEPS)
        self.assertEqual(reasons_of_throttling(machine, name, calls=3), ["ConcurrentInvocationLimitExceeded"])
        limit = machine.client("lambda").get_account_settings()["AccountLimit"]
        self.assertEqual((limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]), (2, 2))

    def test_without_the_patch_all_of_the_quota_can_be_reserved(self):
        machine = local_aws("concurrency")
        machine.function(name := new_name(), HANDLE)
        put = machine.client("lambda").put_function_concurrency
        self.assertIsNone(refusal(put, FunctionName=name, ReservedConcurrentExecutions=1000))
        machine.client("lambda").delete_function_concurrency(FunctionName=name)

    def test_with_the_patch_a_hundred_are_left_to_the_others(self):
        machine = local_aws()
        first, second = new_name(), new_name()
        for name in (first, second):
            machine.function(name, HANDLE)
        service = machine.client("lambda")
        put = service.put_function_concurrency
        # Other tests have reserved some.
        most = service.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] - 100
        try:
            for _ in range(2):  # a function's own reservation is none of the others'
                self.assertIsNone(refusal(put, FunctionName=first, ReservedConcurrentExecutions=most))
            refused = refusal(put, FunctionName=second, ReservedConcurrentExecutions=1)
        finally:
            service.delete_function_concurrency(FunctionName=first)
        message = (
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value "
            "of [100]."
        )
        self.assertEqual(refused["Error"], {"Code": "InvalidParameterValueException", "Message": message})
        self.assertEqual(refused["Status"], 400)

    def test_of_a_small_quota_nothing_can_be_reserved_but_nothing(self):
        machine = local_aws(BANSYNC_ACCOUNT_CONCURRENCY="2")
        machine.function(name := new_name(), HANDLE)
        put = machine.client("lambda").put_function_concurrency
        self.assertIn("value of [2].", refusal(put, FunctionName=name, ReservedConcurrentExecutions=1)["Error"]["Message"])
        self.assertIsNone(refusal(put, FunctionName=name, ReservedConcurrentExecutions=0))

    def test_a_template_reserves(self):
        for without, wanted in (("concurrency",), None), ((), 3):
            machine = local_aws(*without)
            machine.deploy("reserves", template("reserves", ReservedConcurrentExecutions=3))
            with self.subTest(without=without):
                found = machine.client("lambda").get_function_concurrency(FunctionName="reserves")
                self.assertEqual(found.get("ReservedConcurrentExecutions"), wanted)

    def test_a_template_that_reserves_too_much_fails(self):
        machine = local_aws(BANSYNC_ACCOUNT_CONCURRENCY="2")
        cloudformation = machine.client("cloudformation")
        body = json.dumps({"Resources": template("reserves-too-much", ReservedConcurrentExecutions="1")})
        cloudformation.create_stack(StackName="too-much", TemplateBody=body)
        status = eventually(
            lambda: cloudformation.describe_stacks(StackName="too-much")["Stacks"][0]["StackStatus"],
            lambda status: not status.endswith("_IN_PROGRESS"),
        )
        self.assertEqual(status, "ROLLBACK_COMPLETE")

    def test_without_the_patch_an_asynchronous_event_that_finds_no_room_is_lost(self):
        self.assertEqual(self.asynchronous(local_aws("concurrency"), seconds=6), [])

    def test_with_the_patch_it_waits_and_no_try_counts(self):
        self.assertEqual(self.asynchronous(local_aws()), [{"number": 1}])

    def asynchronous(self, machine, seconds: float = PATIENCE) -> list[dict]:
        writer = Writer(machine, room=0)
        writer.service.put_function_event_invoke_config(FunctionName=writer.name, MaximumRetryAttempts=0)
        writer.service.invoke(FunctionName=writer.name, InvocationType="Event", Payload=b'{"number": 1}')
        time.sleep(2)
        writer.make_room()
        return writer.eventually(seconds=seconds)

    def test_an_asynchronous_event_that_grows_too_old_goes_to_the_destination_for_failures(self):
        machine = local_aws()
        writer, sqs = Writer(machine, room=0), machine.client("sqs")
        url = sqs.create_queue(QueueName=new_name())["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        # AWS takes 60 seconds at least; the local AWS does not mind.
        lax = boto3.client(
            "lambda", endpoint_url=machine.endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(parameter_validation=False),
        )  # fmt: skip
        lax.put_function_event_invoke_config(
            FunctionName=writer.name, MaximumEventAgeInSeconds=2, DestinationConfig={"OnFailure": {"Destination": queue}}
        )
        lax.invoke(FunctionName=writer.name, InvocationType="Event", Payload=b'{"number": 1}')
        found = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
        self.assertEqual(json.loads(found[0]["Body"])["requestPayload"], {"number": 1})

    def test_without_the_patch_a_message_for_a_function_without_room_is_not_received(self):
        self.assertEqual(self.receives(local_aws("concurrency")), 1)

    def test_with_the_patch_it_is_received_and_comes_back_after_the_visibility_timeout(self):
        self.assertGreater(self.receives(local_aws()), 1)

    def receives(self, machine) -> int:
        """How often a message has been received when it gets to a function that had no room before."""
        writer, sqs = Writer(machine, room=0), machine.client("sqs")
        # Long enough for a busy machine: a try that is cut short would count as well.
        writer.service.update_function_configuration(FunctionName=writer.name, Timeout=5)
        url = sqs.create_queue(QueueName=new_name(), Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        writer.service.create_event_source_mapping(FunctionName=writer.name, EventSourceArn=queue)
        sqs.send_message(QueueUrl=url, MessageBody="x")
        time.sleep(4)
        writer.make_room()
        return int(writer.eventually()[0]["Records"][0]["attributes"]["ApproximateReceiveCount"])

    def test_a_batch_of_a_stream_waits_and_no_try_counts(self):
        machine = local_aws()
        writer, dynamodb, table = Writer(machine, room=0), machine.client("dynamodb"), new_name()
        stream = dynamodb.create_table(
            TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        )["TableDescription"]["LatestStreamArn"]  # fmt: skip
        writer.service.create_event_source_mapping(
            FunctionName=writer.name, EventSourceArn=stream, StartingPosition="TRIM_HORIZON", MaximumRetryAttempts=0
        )
        dynamodb.put_item(TableName=table, Item={"id": {"S": "1"}})
        time.sleep(2)
        self.assertEqual(writer.events(), [])
        writer.make_room()
        self.assertEqual(len(writer.eventually()), 1)

    def test_a_mapping_s_maximum_concurrency_is_kept(self):
        machine = local_aws()
        name, sqs = new_name(), machine.client("sqs")
        file = pathlib.Path(machine.folder.name, name)
        machine.function(
            name,
            f"import time\ndef write(word):\n    with open({str(file)!r}, 'a') as file:\n        file.write(word)\n"
            "def handle(event):\n    write('+')\n    time.sleep(0.5)\n    write('-')",
        )
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(number), "MessageBody": "x"} for number in range(6)])
        machine.client("lambda").create_event_source_mapping(
            FunctionName=name, EventSourceArn=queue, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2}
        )
        signs = eventually(lambda: file.read_text() if file.exists() else "", lambda signs: signs.count("-") == 6)
        running = itertools.accumulate(1 if sign == "+" else -1 for sign in signs)
        self.assertEqual(max(running), 2)

    def test_an_http_api_answers_503(self):
        for without, wanted in (("concurrency",), 429), ((), 503):
            machine = local_aws(*without)
            writer, api = Writer(machine, room=0), machine.client("apigatewayv2")
            created = api.create_api(Name=writer.name, ProtocolType="HTTP")["ApiId"]
            integration = api.create_integration(
                ApiId=created, IntegrationType="AWS_PROXY", IntegrationUri=writer.arn, PayloadFormatVersion="2.0"
            )["IntegrationId"]
            api.create_route(ApiId=created, RouteKey="GET /", Target=f"integrations/{integration}")
            api.create_stage(ApiId=created, StageName="$default", AutoDeploy=True)
            machine.client("lambda").add_permission(
                FunctionName=writer.name, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
            )
            with self.subTest(without=without):
                status, _, body = machine.request("GET", f"/_aws/execute-api/{created}/$default/")
                self.assertEqual(status, wanted)
                if wanted == 503:
                    self.assertEqual(json.loads(body), {"message": "Service Unavailable"})

    def test_a_function_url_answers_429(self):
        machine = local_aws()
        writer = Writer(machine, room=0)
        url = writer.service.create_function_url_config(FunctionName=writer.name, AuthType="NONE")["FunctionUrl"]
        for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"):
            more = {"FunctionUrlAuthType": "NONE"} if action.endswith("Url") else {}
            statement = action.partition(":")[2]
            writer.service.add_permission(FunctionName=writer.name, StatementId=statement, Action=action, Principal="*", **more)
        status, _, _ = machine.request("GET", "/", headers={"Host": url.split("/")[2]})
        self.assertEqual(status, 429)
