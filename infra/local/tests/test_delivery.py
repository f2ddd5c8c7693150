"""What becomes of an event that its target cannot take."""

import datetime
import json
import unittest

from tests.support import local_aws
from tests.test_grants import TELLER, unused

# Of a function that a busy machine starts too slowly, Lambda tries the event again after minutes only: hence `seconds`.

FAILING = """
def handle(event):
    raise RuntimeError("never")
"""


class OfRules(unittest.TestCase):
    def setUp(self):
        self.name = unused("delivery")

    def put(self, machine, target: str, fault: dict | None, **policy) -> tuple[str, str]:
        """Put an event for the target, whose calls fail by the fault; the queues for the function's word and for the dead letter."""
        events, told = machine.client("events"), machine.queue(unused("told"))[0]
        rule = events.put_rule(Name=self.name, EventPattern=json.dumps({"source": [self.name]}))["RuleArn"]
        dead, dead_arn = machine.queue(unused("dead"), {"Principal": {"Service": "events.amazonaws.com"}})
        if ":function:" in target and not target.endswith("missing"):
            machine.permit(target, "events", rule)
        events.put_targets(
            Rule=self.name, Targets=[{"Id": "only", "Arn": target, "DeadLetterConfig": {"Arn": dead_arn}, "RetryPolicy": policy}]
        )
        if fault:
            rule = {"service": "lambda", "operation": "Invoke", "contains": self.name, **fault}
            [kept] = machine.control("POST", "faults", rule)
            self.addCleanup(machine.control, "DELETE", f"faults/{kept['id']}")
        events.put_events(Entries=[{"Source": self.name, "DetailType": "test", "Detail": json.dumps({"queue": told})}])
        return told, dead

    def test_a_service_that_fails_for_a_while_is_called_until_it_answers(self):
        machine = local_aws()
        told, dead = self.put(machine, machine.function(unused("teller"), TELLER, seconds=30), {"status": 500, "times": 3})
        self.assertFalse(machine.control("GET", "quiet")["quiet"])
        self.assertEqual(machine.received(told)["body"], "called")
        self.assertIsNone(machine.received(dead, 0))

    def test_the_policy_ends_the_tries_and_the_event_is_a_dead_letter(self):
        machine = local_aws()
        function = machine.function(unused("teller"), TELLER, seconds=30)
        _, dead = self.put(machine, function, {"status": 429, "code": "TooManyRequestsException"}, MaximumRetryAttempts=2)
        letter = machine.received(dead)
        body = json.loads(letter.pop("body"))
        self.assertEqual((body["source"], body["detail-type"]), (self.name, "test"))
        rule = f"arn:aws:events:us-east-1:000000000000:rule/{self.name}"
        self.assertEqual(
            letter,
            {
                "RULE_ARN": rule, "TARGET_ARN": function, "ERROR_CODE": "THROTTLING", "ERROR_MESSAGE": "TooManyRequestsException",
                "RETRY_ATTEMPTS": "2", "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
            },
        )  # fmt: skip
        for metric in ("FailedInvocations", "InvocationsSentToDlq"):
            self.assertEqual(self.counted(machine, metric), 1)

    def counted(self, machine, metric: str) -> float:
        now = datetime.datetime.now(datetime.timezone.utc)
        points = machine.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Events", MetricName=metric, Dimensions=[{"Name": "RuleName", "Value": self.name}], Period=3600,
            StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(hours=1), Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip
        return sum(point["Sum"] for point in points)

    def test_a_target_that_is_gone_is_not_called_again(self):
        for service, target in (("lambda", "function:missing"), ("sqs", "missing")):
            with self.subTest(service):
                machine = local_aws()
                self.name = unused("delivery")
                _, dead = self.put(machine, f"arn:aws:{service}:us-east-1:000000000000:{target}", None)
                letter = machine.received(dead)
                self.assertEqual((letter["ERROR_CODE"], letter["RETRY_ATTEMPTS"]), ("NO_RESOURCE", "0"))

    def test_without_the_patch_such_an_event_is_lost(self):
        machine = local_aws("delivery")
        _, dead = self.put(machine, "arn:aws:lambda:us-east-1:000000000000:function:missing", None)
        self.assertIsNone(machine.received(dead, 2))

    def test_a_function_s_own_failure_is_lambda_s_to_retry_and_goes_to_its_destination(self):
        machine = local_aws()
        function = machine.function(unused("failing"), FAILING)
        failed, failed_arn = machine.queue(unused("failed"))
        machine.client("lambda").put_function_event_invoke_config(
            FunctionName=function, MaximumRetryAttempts=2, DestinationConfig={"OnFailure": {"Destination": failed_arn}}
        )
        _, dead = self.put(machine, function, None, MaximumRetryAttempts=0)
        letter = json.loads(machine.received(failed)["body"])
        self.assertEqual(letter["requestContext"]["condition"], "RetriesExhausted")
        self.assertEqual(letter["requestPayload"]["source"], self.name)
        self.assertIsNone(machine.received(dead, 0))
