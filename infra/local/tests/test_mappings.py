import functools
import itertools
import json
import unittest

import boto3
import botocore.exceptions
from botocore.config import Config

from tests.support import eventually, local_aws

HANDLE = "def handle(event):\n    pass"
numbers = itertools.count(1)


def new_name() -> str:
    return f"mapped-{next(numbers)}"


def queue_of(machine, visibility: int = 30) -> str:
    sqs = machine.client("sqs")
    url = sqs.create_queue(QueueName=new_name(), Attributes={"VisibilityTimeout": str(visibility)})["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def stream_of(machine) -> str:
    return machine.client("dynamodb").create_table(
        TableName=new_name(), KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]["LatestStreamArn"]  # fmt: skip


def refusal(call) -> dict | None:
    """The error of a call with its HTTP status, or None."""
    try:
        call()
    except botocore.exceptions.ClientError as error:
        return {**error.response["Error"], "Status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
    return None


def mapping(machine, function: str, source: str, **more):
    service = machine.client("lambda")
    more = {**({"StartingPosition": "LATEST"} if ":dynamodb:" in source else {}), **more}
    return functools.partial(service.create_event_source_mapping, FunctionName=function, EventSourceArn=source, **more)


def stack_of(machine, name: str, resources: dict) -> tuple[str, str]:
    """(status, reasons) in which the creation of a stack ends."""
    cloudformation = machine.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    status = eventually(
        lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"],
        lambda status: not status.endswith("_IN_PROGRESS"),
    )
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return status, "\n".join(event.get("ResourceStatusReason", "") for event in events)


def resource(function: str, source: str, **more) -> dict:
    properties = {"FunctionName": function, "EventSourceArn": source, **more}
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}


class Mappings(unittest.TestCase):
    def test_without_the_patch_a_function_reads_a_stream_twice(self):
        machine = local_aws("mappings")
        create = mapping(machine, machine.function(new_name(), HANDLE), stream_of(machine))
        create()
        self.assertIsNone(refusal(create))

    def test_with_the_patch_the_second_mapping_of_a_stream_is_a_conflict(self):
        machine = local_aws()
        name = new_name()
        create = mapping(machine, machine.function(name, HANDLE), source := stream_of(machine))
        first = create()["UUID"]
        message = (
            f'The event source arn (" {source} ") and function (" {name} ") provided mapping already exists. '
            f"Please update or delete the existing mapping with UUID {first}"
        )
        self.assertEqual(refusal(create), {"Code": "ResourceConflictException", "Message": message, "Status": 409})

    def test_a_filter_makes_it_no_other_mapping(self):
        machine = local_aws()
        function, source = machine.function(new_name(), HANDLE), stream_of(machine)
        mapping(machine, function, source)()
        filtered = {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]}
        self.assertEqual(refusal(mapping(machine, function, source, FilterCriteria=filtered))["Status"], 409)

    def test_a_second_mapping_of_a_queue_is_a_conflict_in_other_words(self):
        machine = local_aws()
        create = mapping(machine, machine.function(name := new_name(), HANDLE), source := queue_of(machine))
        first = create()["UUID"]
        refused = refusal(create)
        self.assertEqual((refused["Code"], refused["Status"]), ("ResourceConflictException", 409))
        self.assertEqual(
            refused["Message"],
            f'An event source mapping with SQS arn (" {source} ") and function (" {name} ") already exists. '
            f"Please update or delete the existing mapping with UUID {first}",
        )

    def test_another_function_may_read_the_same_stream_and_a_deleted_mapping_is_none(self):
        machine = local_aws()
        source = stream_of(machine)
        create = mapping(machine, machine.function(new_name(), HANDLE), source)
        first = create()["UUID"]
        self.assertIsNone(refusal(mapping(machine, machine.function(new_name(), HANDLE), source)))
        machine.client("lambda").delete_event_source_mapping(UUID=first)
        self.assertIsNone(refusal(create))

    def test_without_the_patch_a_queue_may_show_messages_again_too_early(self):
        machine = local_aws("mappings")
        self.assertIsNone(refusal(mapping(machine, machine.function(new_name(), HANDLE), queue_of(machine, visibility=9))))

    def test_with_the_patch_its_visibility_timeout_is_the_functions_at_least(self):
        machine = local_aws()
        function = machine.function(new_name(), HANDLE, seconds=10)
        self.assertIsNone(refusal(mapping(machine, function, queue_of(machine, visibility=10))))
        refused = refusal(mapping(machine, function, queue_of(machine, visibility=9)))
        message = "Queue visibility timeout: 9 seconds is less than Function timeout: 10 seconds"
        self.assertEqual(refused, {"Code": "InvalidParameterValueException", "Message": message, "Status": 400})

    def test_ministack_itself_refuses_a_maximum_concurrency_of_one_by_the_api(self):
        machine = local_aws("mappings")
        function, source = machine.function(new_name(), HANDLE), queue_of(machine)
        # The SDK would not even ask.
        lax = boto3.client(
            "lambda", endpoint_url=machine.endpoint, region_name="us-east-1", aws_access_key_id="test",
            aws_secret_access_key="test", config=Config(parameter_validation=False),
        )  # fmt: skip
        scaling = {"MaximumConcurrency": 1}
        refused = refusal(
            lambda: lax.create_event_source_mapping(FunctionName=function, EventSourceArn=source, ScalingConfig=scaling)
        )
        self.assertEqual(refused["Status"], 400)

    def test_without_the_patch_a_stack_may_have_all_of_that(self):
        machine = local_aws("mappings")
        function, source = machine.function(new_name(), HANDLE), queue_of(machine, visibility=9)
        one = {"MaximumConcurrency": 1}
        resources = {"First": resource(function, source, ScalingConfig=one), "Second": resource(function, source)}
        self.assertEqual(stack_of(machine, new_name(), resources)[0], "CREATE_COMPLETE")

    def test_with_the_patch_a_stack_with_two_mappings_of_a_source_fails(self):
        machine = local_aws()
        function, source = machine.function(new_name(), HANDLE), stream_of(machine)
        read = resource(function, source, StartingPosition="LATEST")
        status, reasons = stack_of(machine, new_name(), {"First": read, "Second": read})
        self.assertEqual(status, "ROLLBACK_COMPLETE")
        self.assertIn("provided mapping already exists", reasons)

    def test_with_the_patch_a_stack_with_a_short_visibility_timeout_fails(self):
        machine = local_aws()
        function, source = machine.function(new_name(), HANDLE), queue_of(machine, visibility=9)
        status, reasons = stack_of(machine, new_name(), {"Read": resource(function, source)})
        self.assertEqual(status, "ROLLBACK_COMPLETE")
        self.assertIn("Queue visibility timeout: 9 seconds is less than", reasons)

    def test_with_the_patch_a_stack_with_a_maximum_concurrency_of_one_fails(self):
        machine = local_aws()
        function, source = machine.function(new_name(), HANDLE), queue_of(machine)
        for allowed, wanted in ((1, "ROLLBACK_COMPLETE"), ("1", "ROLLBACK_COMPLETE"), ("2", "CREATE_COMPLETE")):
            read = resource(function, source, ScalingConfig={"MaximumConcurrency": allowed})
            with self.subTest(allowed=allowed):
                self.assertEqual(stack_of(machine, new_name(), {"Read": read})[0], wanted)
