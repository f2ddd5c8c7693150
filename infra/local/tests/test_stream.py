import json
import pathlib
import unittest

from tests.support import eventually, local_aws

# Writes each key it is given to a file; refuses "bad", by the answer or by failing altogether.
HANDLER = """
def handle(event):
    seen = [(r["dynamodb"]["Keys"]["pk"]["S"], r["dynamodb"]["SequenceNumber"]) for r in event["Records"]]
    with open(PATH, "a") as file:
        file.writelines(key + "\\n" for key, _ in seen)
    failed = [number for key, number in seen if key == "bad"]
    if failed and RAISE:
        raise ValueError("bad record")
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
"""


class Stream:
    """A table whose stream feeds a function in batches of up to ten, with two retries and a queue for failures."""

    def __init__(self, machine, name: str, *, raising: bool):
        dynamodb, sqs = machine.client("dynamodb"), machine.client("sqs")
        self.file = pathlib.Path(machine.folder.name, f"seen-by-{name}")
        self.file.touch()
        self.sqs, self.queue = sqs, sqs.create_queue(QueueName=f"{name}-failures")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        stream = dynamodb.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )["TableDescription"]["LatestStreamArn"]  # fmt: skip
        machine.function(name, f"PATH, RAISE = {str(self.file)!r}, {raising}\n{HANDLER}")
        # All three are there before anybody reads, so that they come as one batch.
        for key in ("first", "bad", "last"):
            dynamodb.put_item(TableName=name, Item={"pk": {"S": key}})
        machine.client("lambda").create_event_source_mapping(
            FunctionName=name, EventSourceArn=stream, StartingPosition="TRIM_HORIZON", BatchSize=10,
            MaximumRetryAttempts=2, BisectBatchOnFunctionError=True, FunctionResponseTypes=["ReportBatchItemFailures"],
            DestinationConfig={"OnFailure": {"Destination": arn}},
        )  # fmt: skip

    def seen(self) -> list[str]:
        return self.file.read_text().split()

    def given_up(self) -> list[dict]:
        messages = self.sqs.receive_message(QueueUrl=self.queue).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]


class WithoutThePatch(unittest.TestCase):
    def test_a_record_reported_as_failed_is_lost(self):
        stream = Stream(local_aws("stream"), "reported", raising=False)
        self.assertEqual(eventually(stream.seen, lambda seen: len(seen) > 3, seconds=4), ["first", "bad", "last"])
        self.assertEqual(stream.given_up(), [])

    def test_a_poison_record_stops_the_stream(self):
        stream = Stream(local_aws("stream"), "poison", raising=True)
        seen = eventually(stream.seen, lambda seen: seen.count("bad") > 3, seconds=10)
        self.assertGreater(seen.count("bad"), 3)
        self.assertEqual(stream.given_up(), [])


class WithThePatch(unittest.TestCase):
    def check(self, name: str, *, raising: bool):
        stream = Stream(local_aws(), name, raising=raising)
        [failure] = eventually(stream.given_up)
        self.assertEqual(failure["requestContext"]["condition"], "RetryAttemptsExhausted")
        self.assertEqual(failure["DDBStreamBatchInfo"]["batchSize"], 1)
        seen = eventually(stream.seen, lambda seen: seen[-1:] == ["last"])
        self.assertEqual(seen[-1], "last")
        # Alone it is tried once and retried twice; before, it was part of larger batches.
        self.assertEqual(seen[-4:-1], ["bad"] * 3)
        return seen

    def test_a_record_reported_as_failed_is_retried_alone_and_then_given_up(self):
        seen = self.check("reported", raising=False)
        self.assertEqual(seen.count("first"), 1)

    def test_a_poison_record_is_cut_out_retried_and_then_given_up(self):
        self.check("poison", raising=True)
