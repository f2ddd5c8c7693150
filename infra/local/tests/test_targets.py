import json
import unittest

from tests.support import PATIENCE, eventually, local_aws

# It fails the first time that it is called with a queue, and writes to the queue afterwards.
FLAKY = """
import os, tempfile
def handle(event):
    queue = event["detail"]["queue"]
    mark = os.path.join(tempfile.gettempdir(), "failed-" + queue.rsplit("/", 1)[1])
    if not os.path.exists(mark):
        open(mark, "w").close()
        raise RuntimeError("not yet")
    os.remove(mark)
    import boto3
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody="done")
"""


def tried_again(machine, seconds: float = PATIENCE) -> bool:
    """Whether a rule's function that failed once is called again with its event."""
    events, sqs = machine.client("events"), machine.client("sqs")
    function = machine.function("flaky", FLAKY)
    queue = sqs.create_queue(QueueName=f"done-{machine.endpoint.rsplit(':', 1)[1]}")["QueueUrl"]
    rule = events.put_rule(Name="flaky", EventPattern=json.dumps({"source": ["test"]}))["RuleArn"]
    machine.permit(function, "events", rule)
    events.put_targets(Rule="flaky", Targets=[{"Id": "flaky", "Arn": function}])
    detail = json.dumps({"queue": queue})
    events.put_events(Entries=[{"Source": "test", "DetailType": "test", "Detail": detail}])
    return bool(eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), seconds=seconds))


class Targets(unittest.TestCase):
    def test_without_the_patch_an_event_whose_function_fails_is_forgotten(self):
        self.assertFalse(tried_again(local_aws("targets"), seconds=5))

    def test_with_the_patch_it_is_tried_again(self):
        self.assertTrue(tried_again(local_aws()))
