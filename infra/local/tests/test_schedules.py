import json
import unittest

from tests.support import local_aws

ARN = "arn:aws:scheduler:us-east-1:000000000000:schedule"
MAKER = """
import boto3
def handle(group):
    schedule = {"Name": "once", "GroupName": group, "ScheduleExpression": "at(2099-01-01T00:00:00)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": "arn:aws:lambda:us-east-1:000000000000:function:x", "RoleArn": "arn:aws:iam::000000000000:role/x-" + group}}
    return boto3.client("scheduler").create_schedule(**schedule)["ScheduleArn"]
"""


def make(machine, group: str) -> str:
    """What a function gets whose role allows schedules in the group `mine` only."""
    for name in ("mine", "other"):
        try:
            machine.client("scheduler").create_schedule_group(Name=name)
        except machine.client("scheduler").exceptions.ConflictException:
            pass
    function = f"maker-{group}"
    role = machine.role(f"x-{group}", "lambda:InvokeFunction", ("*",), "scheduler")
    machine.function(function, MAKER, may=["scheduler:CreateSchedule", "iam:PassRole"], on=(f"{ARN}/mine/*", role))
    answer = machine.client("lambda").invoke(FunctionName=function, Payload=json.dumps(group))
    return str(json.loads(answer["Payload"].read()))


class Schedules(unittest.TestCase):
    def test_without_the_patch_a_role_that_names_its_group_is_refused(self):
        self.assertIn("AccessDenied", make(local_aws("schedules"), "mine"))

    def test_with_the_patch_a_role_makes_schedules_in_its_own_group(self):
        self.assertTrue(make(local_aws(), "mine").endswith("schedule/mine/once"))

    def test_and_in_no_other(self):
        self.assertIn("AccessDenied", make(local_aws(), "other"))
