import datetime
import json
import time
import unittest
import urllib.parse

from tests.support import eventually, local_aws

# Works as long as its event says, then fails if it says so.
WORKER = """
import json, time
def handle(event):
    body = json.loads(event["Records"][0]["body"]) if "Records" in event and "body" in event["Records"][0] else event
    time.sleep(body.get("seconds", 0))
    if body.get("fails"):
        raise RuntimeError("it was told to")
"""
READER = """
import time
def handle(event):
    time.sleep(1)
"""


class Quiet(unittest.TestCase):
    def setUp(self):
        self.aws = local_aws()

    def look(self, *texts: str, **named) -> list[str]:
        """What is under way."""
        query = urllib.parse.urlencode([*(("contains", text) for text in texts), *named.items()])
        answer = self.aws.control("GET", f"quiet?{query}")
        self.assertEqual(answer["quiet"], not answer["under_way"])
        return answer["under_way"]

    def becomes_quiet(self, *texts: str) -> None:
        self.assertEqual(eventually(lambda: self.look(*texts), lambda found: not found), [])

    def queue(self, name: str) -> str:
        sqs = self.aws.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.aws.function(name, WORKER)
        self.aws.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=name, BatchSize=1)
        # Below the function's timeout, which only the creation of the mapping would refuse.
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
        return url

    def send(self, url: str, delay: int = 0, **body) -> None:
        self.aws.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body), DelaySeconds=delay)

    def test_a_message_is_under_way_until_it_is_done_with(self):
        url = self.queue("quiet-queue")
        self.send(url, chat=-1001, seconds=1)
        found = self.look("-1001")
        self.assertIn("a message in quiet-queue", " ".join(found))
        self.assertEqual(self.look("-1002"), [])
        found = eventually(lambda: self.look("-1001"), lambda found: "a call of quiet-queue" in found)
        self.assertIn("a call of quiet-queue", found)
        self.becomes_quiet("-1001")

    def test_a_message_that_is_to_be_tried_again_is_under_way_and_one_that_is_due_late_is_not(self):
        url = self.queue("quiet-retries")
        self.send(url, chat=-1003, fails=True)
        eventually(lambda: self.look("-1003"), lambda found: "received 1 times" in " ".join(found))
        self.assertIn("received", " ".join(self.look("-1003", within=0)))
        self.aws.client("sqs").purge_queue(QueueUrl=url)
        self.send(url, 30, chat=-1004)
        self.assertEqual(self.look("-1004"), [])
        self.assertEqual(len(self.look("-1004", within=60)), 1)
        self.assertEqual(self.look("-1004", within=60, without="chat"), [])
        self.assertEqual(len(self.look("-1004", within=60, without="user")), 1)
        self.aws.client("sqs").purge_queue(QueueUrl=url)

    def test_an_event_is_under_way_while_it_is_tried_again_whatever_it_contains(self):
        self.aws.function("quiet-events", WORKER)
        invoke = self.aws.client("lambda").invoke
        invoke(FunctionName="quiet-events", InvocationType="Event", Payload=json.dumps({"fails": True}))
        began = time.monotonic()
        while self.look("-1005"):
            time.sleep(0.02)
        # Two more tries, a second and two after the one before.
        self.assertGreaterEqual(time.monotonic() - began, 2.5)

    def test_a_record_is_under_way_until_its_reader_has_taken_it_and_only_where_the_reader_wants_it(self):
        dynamodb = self.aws.client("dynamodb")
        key = [{"AttributeName": "pk", "KeyType": "HASH"}]
        stream = dynamodb.create_table(
            TableName="quiet-table", KeySchema=key, AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]["LatestStreamArn"]  # fmt: skip
        self.aws.function("quiet-reader", READER)
        pattern = json.dumps({"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "wanted"}]}}}})
        self.aws.client("lambda").create_event_source_mapping(
            EventSourceArn=stream, FunctionName="quiet-reader", StartingPosition="TRIM_HORIZON",
            FilterCriteria={"Filters": [{"Pattern": pattern}]},
        )  # fmt: skip
        for pk in ("wanted -1006", "unwanted -1007"):
            dynamodb.put_item(TableName="quiet-table", Item={"pk": {"S": pk}})
        self.assertIn("a record of quiet-table", " ".join(self.look("-1006")))
        self.assertEqual(self.look("-1007"), [])
        self.becomes_quiet("-1006")

    def test_a_schedule_is_under_way_when_it_is_due_soon(self):
        arn = self.aws.function("quiet-scheduled", WORKER)
        role = self.aws.role("quiet-waker", "lambda:InvokeFunction", (arn,), "scheduler")
        for name, minutes in (("soon", 0), ("late", 60)):
            at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes, seconds=3)
            self.aws.client("scheduler").create_schedule(
                Name=name, ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})", FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE", Target={"Arn": arn, "RoleArn": role, "Input": json.dumps({"chat": -1008})},
            )  # fmt: skip
        self.assertEqual(self.look("-1008"), ["the schedule default/soon"])
        self.becomes_quiet("-1008")
