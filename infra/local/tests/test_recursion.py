import json
import unittest

import botocore.exceptions

from bansync_local.patches import recursion
from tests.support import eventually, local_aws

ROUNDS = 20  # more than Lambda lets run

# Sends each message on with a count one higher, to the queue it came from, and after ROUNDS of them to the queue for results.
SENDS_ON = """
import boto3, json, os
sqs = boto3.client("sqs")
def handle(event):
    for record in event["Records"]:
        message = json.loads(record["body"])
        message["count"] += 1
        to = "own" if message["count"] < {rounds} else "results"
        sqs.send_message(QueueUrl=message[to], MessageBody=json.dumps(message))
"""

# Sends the first message of each batch to another queue; asked directly, it tells its trace header.
COPIES = """
import boto3, os
sqs = boto3.client("sqs")
def handle(event):
    if "Records" not in event:
        return os.environ["_X_AMZN_TRACE_ID"]
    sqs.send_message(QueueUrl="{to}", MessageBody=event["Records"][0]["body"])
"""

TELLS_HEADER = "import os\ndef handle(event):\n    return os.environ.get('_X_AMZN_TRACE_ID')"


class Loop:
    """A function that sends messages back to the queue it reads."""

    def __init__(self, machine, name: str, properties: dict | None = None):
        self.machine, self.name, self.sqs = machine, name, machine.client("sqs")
        self.results, self.dead_letters = self.queue("results"), self.queue("dead-letters")
        redrive = {"deadLetterTargetArn": self.arn(self.dead_letters), "maxReceiveCount": 3}
        self.own = self.queue("own", RedrivePolicy=json.dumps(redrive), VisibilityTimeout="60")
        machine.function(name, SENDS_ON.format(rounds=ROUNDS))
        machine.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=self.arn(self.own))

    def queue(self, name: str, **attributes) -> str:
        return self.sqs.create_queue(QueueName=f"{self.name}-{name}", Attributes=attributes)["QueueUrl"]

    def arn(self, url: str) -> str:
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def begin(self) -> None:
        message = {"count": 0, "own": self.own, "results": self.results}
        self.sqs.send_message(QueueUrl=self.own, MessageBody=json.dumps(message))

    def count_in(self, url: str) -> int | None:
        """How often the message that arrives in a queue had been sent on."""

        def received():
            return self.sqs.receive_message(QueueUrl=url).get("Messages")

        found = eventually(received)
        return json.loads(found[0]["Body"])["count"] if found else None

    def dropped(self) -> float:
        cloudwatch, dimensions = self.machine.client("cloudwatch"), [{"Name": "FunctionName", "Value": self.name}]
        metric = {"Namespace": "AWS/Lambda", "MetricName": "RecursiveInvocationsDropped", "Dimensions": dimensions}
        query = {"Id": "dropped", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
        found = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=1, EndTime=4_000_000_000)
        return sum(found["MetricDataResults"][0]["Values"])


def client_with(machine, service: str, header: str):
    """A client of a function that was called with this trace header."""
    client = machine.client(service)
    client.meta.events.register(f"before-call.{service}", lambda params, **_: params["headers"].update({"X-Amzn-Trace-Id": header}))
    return client


def header_of(machine, name: str) -> str:
    return json.load(machine.client("lambda").invoke(FunctionName=name, Payload=b"{}")["Payload"])


def exhausted(header: str) -> str:
    """The header with as many hops as a chain may have."""
    return header.replace(":1", f":{recursion.MOST}")


class Recursion(unittest.TestCase):
    def test_without_the_patch_a_loop_goes_on(self):
        loop = Loop(local_aws("recursion"), "goes-on")
        loop.begin()
        self.assertEqual(loop.count_in(loop.results), ROUNDS)

    def test_with_the_patch_the_message_of_a_loop_ends_as_a_dead_letter(self):
        loop = Loop(local_aws(), "is-stopped")
        loop.begin()
        self.assertEqual(loop.count_in(loop.dead_letters), recursion.MOST)
        self.assertEqual(loop.dropped(), 1)

    def test_a_loop_that_is_allowed_goes_on(self):
        loop = Loop(local_aws(), "is-allowed")
        service = loop.machine.client("lambda")
        service.put_function_recursion_config(FunctionName=loop.name, RecursiveLoop="Allow")
        self.assertEqual(service.get_function_recursion_config(FunctionName=loop.name)["RecursiveLoop"], "Allow")
        loop.begin()
        self.assertEqual(loop.count_in(loop.results), ROUNDS)

    def test_each_event_from_outside_begins_a_chain_of_its_own(self):
        machine = local_aws()
        machine.function("tells-roots", TELLS_HEADER)
        first, second = (header_of(machine, "tells-roots") for _ in range(2))
        self.assertEqual(*(recursion.hops_of(header) for header in (first, second)))
        self.assertEqual(set(recursion.hops_of(first).values()), {1})
        self.assertNotEqual(*(header.partition(";")[0] for header in (first, second)))

    def test_a_call_of_a_function_goes_on_with_its_chain(self):
        machine = local_aws()
        machine.function("tells-chain", TELLS_HEADER)
        before = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1;Lineage=a87bd80c:3"
        answer = client_with(machine, "lambda", before).invoke(FunctionName="tells-chain", Payload=b"{}")
        header = json.load(answer["Payload"])
        self.assertTrue(header.startswith("Root=1-5759e988-bd862e3fe1be46a994272793;"))
        self.assertEqual(sorted(recursion.hops_of(header).values()), [1, 3])

    def test_a_synchronous_invocation_in_a_loop_is_refused(self):
        machine = local_aws()
        machine.function("loops", TELLS_HEADER)
        looping = client_with(machine, "lambda", exhausted(header_of(machine, "loops")))
        with self.assertRaises(botocore.exceptions.ClientError) as refused:
            looping.invoke(FunctionName="loops", Payload=b"{}")
        answer = refused.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), ("RecursiveInvocationException", 400))

    def test_the_event_of_an_asynchronous_one_goes_to_the_destination_for_failures(self):
        machine = local_aws()
        machine.function("loops-asynchronously", TELLS_HEADER)
        sqs, service = machine.client("sqs"), machine.client("lambda")
        url = sqs.create_queue(QueueName="stopped-events")["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        service.put_function_event_invoke_config(
            FunctionName="loops-asynchronously", DestinationConfig={"OnFailure": {"Destination": queue}}
        )
        looping = client_with(machine, "lambda", exhausted(header_of(machine, "loops-asynchronously")))
        looping.invoke(FunctionName="loops-asynchronously", InvocationType="Event", Payload=b'{"number": 17}')
        messages = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
        self.assertEqual(json.loads(messages[0]["Body"])["requestPayload"], {"number": 17})

    def test_topics_and_batches_keep_the_header_with_the_message_and_a_reader_does_not_add_its_own(self):
        machine = local_aws()
        header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0;Lineage=a87bd80c:3"
        sqs = machine.client("sqs")
        url = sqs.create_queue(QueueName="with-headers")["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allowed]})})
        topic = machine.client("sns").create_topic(Name="with-headers")["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        machine.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=raw)

        client_with(machine, "sns", header).publish(TopicArn=topic, Message="from a topic")
        entries = [{"Id": "1", "MessageBody": "of a batch"}]
        client_with(machine, "sqs", header).send_message_batch(QueueUrl=url, Entries=entries)
        sqs.send_message(QueueUrl=url, MessageBody="from outside")

        reader = client_with(machine, "sqs", "Root=1-11111111-111111111111111111111111;Lineage=11111111:1")
        found = {}
        while len(found) < 3:
            for message in reader.receive_message(QueueUrl=url, MessageSystemAttributeNames=["AWSTraceHeader"]).get("Messages", []):
                found[message["Body"]] = message.get("Attributes", {}).get("AWSTraceHeader")
        self.assertEqual(found, {"from a topic": header, "of a batch": header, "from outside": None})

    def test_a_template_sets_it(self):
        for without, wanted in (("recursion",), "Terminate"), ((), "Allow"):
            machine = local_aws(*without)
            role = "arn:aws:iam::000000000000:role/any"
            code = {"ZipFile": "def handler(event, context):\n    pass"}
            properties = {"FunctionName": "templated", "Runtime": "python3.12", "Handler": "index.handler", "Role": role, "Code": code}
            machine.deploy("recursive", {"F": {"Type": "AWS::Lambda::Function", "Properties": {**properties, "RecursiveLoop": "Allow"}}})
            with self.subTest(without=without):
                answer = machine.client("lambda").get_function_recursion_config(FunctionName="templated")
                self.assertEqual(answer["RecursiveLoop"], wanted)

    def test_only_the_message_that_loops_is_taken_out_of_its_batch(self):
        machine = local_aws()
        sqs, name = machine.client("sqs"), "reads-batches"
        urls = [sqs.create_queue(QueueName=f"{name}-{kind}")["QueueUrl"] for kind in ("dead-letters", "results")]
        arns = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"] for url in urls]
        redrive = json.dumps({"deadLetterTargetArn": arns[0], "maxReceiveCount": 3})
        own = sqs.create_queue(QueueName=f"{name}-own", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
        machine.function(name, COPIES.format(to=urls[1]))
        header = exhausted(header_of(machine, name))
        client_with(machine, "sqs", header).send_message(QueueUrl=own, MessageBody="loops")
        sqs.send_message(QueueUrl=own, MessageBody="does not")
        source = sqs.get_queue_attributes(QueueUrl=own, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        machine.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=source)
        for url, body in zip(urls, ("loops", "does not")):
            messages = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
            self.assertEqual([message["Body"] for message in messages], [body])
