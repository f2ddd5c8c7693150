import json
import unittest

from tests.support import local_aws

SENDER = """
import boto3
def handle(url):
    boto3.client("sqs").send_message_batch(QueueUrl=url, Entries=[{"Id": "0", "MessageBody": "x"}])
"""


def send(machine) -> str | None:
    """The error of a function that sends a batch and whose role allows sqs:SendMessage."""
    url = machine.client("sqs").create_queue(QueueName="batches")["QueueUrl"]
    machine.function("batch-sender", SENDER, may="sqs:SendMessage", on=("arn:aws:sqs:us-east-1:000000000000:batches",))
    answer = machine.client("lambda").invoke(FunctionName="batch-sender", Payload=json.dumps(url))
    return answer["Payload"].read().decode() if "FunctionError" in answer else None


class Batches(unittest.TestCase):
    def test_without_the_patch_the_permission_to_send_does_not_allow_a_batch(self):
        self.assertIn("AccessDenied", send(local_aws("batches")) or "")

    def test_with_the_patch_it_does(self):
        self.assertIsNone(send(local_aws()))
