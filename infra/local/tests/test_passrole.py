"""Who may hand a role to a service, and which one."""

import json
import unittest

import botocore.exceptions

from tests.support import local_aws
from tests.test_grants import unused

# Calls an operation as its role and says what came of it.
CALLER = """
import boto3, botocore.exceptions
def handle(event):
    try:
        getattr(boto3.client(event["service"]), event["operation"])(**event["parameters"])
    except botocore.exceptions.ClientError as error:
        return error.response["Error"] | {"Status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
    return "done"
"""
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:x"


def schedule(role: str, **more) -> dict:
    return {
        "Name": unused("passed"), "ScheduleExpression": "at(2099-01-01T00:00:00)", "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": FUNCTION, "RoleArn": role}, **more,
    }  # fmt: skip


class PassRole(unittest.TestCase):
    def called(self, machine, service: str, operation: str, parameters: dict, *statements: dict):
        """What a function gets whose role allows everything but passing roles, and the statements."""
        name = unused("caller")
        machine.function(name, CALLER)
        everything = {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [everything, *statements]}
        machine.client("iam").put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=json.dumps(document))
        event = {"service": service, "operation": operation, "parameters": parameters}
        answer = machine.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def test_without_the_patch_a_role_is_passed_by_anybody(self):
        machine = local_aws("passrole")
        role = machine.role(unused("waker"), "*", ("*",), "scheduler")
        self.assertEqual(self.called(machine, "scheduler", "create_schedule", schedule(role)), "done")

    def test_a_role_is_passed_by_whom_may_pass_it_to_that_service(self):
        machine = local_aws()
        role = machine.role(unused("waker"), "*", ("*",), "scheduler")
        passes = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role}
        to = lambda service: {"Condition": {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}}  # noqa: E731
        cases = [
            ([], False), ([passes], True), ([passes | to("scheduler")], True), ([passes | to("lambda")], False),
            ([passes | {"Resource": role + "-other"}], False),
        ]  # fmt: skip
        for statements, done in cases:
            with self.subTest(statements):
                answer = self.called(machine, "scheduler", "create_schedule", schedule(role), *statements)
                if done:
                    self.assertEqual(answer, "done")
                    continue
                self.assertEqual((answer["Code"], answer["Status"]), ("AccessDeniedException", 403))
                self.assertRegex(
                    answer["Message"],
                    r"^User: arn:aws:sts::\d+:assumed-role/\S+ is not authorized to perform: iam:PassRole on resource: "
                    rf"{role} because no identity-based policy allows the iam:PassRole action$",
                )

    def test_other_services_ask_for_it_as_well(self):
        machine = local_aws()
        role = machine.role(unused("worker"), "*", ("*",))
        machine.client("events").put_rule(Name="passed", EventPattern='{"source": ["x"]}')
        target = {"Id": "0", "Arn": FUNCTION, "RoleArn": role}
        function = machine.function(unused("configured"), CALLER)
        cases = [
            ("lambda", "update_function_configuration", {"FunctionName": function, "Role": role}),
            ("events", "put_targets", {"Rule": "passed", "Targets": [target]}),
        ]
        for service, operation, parameters in cases:
            with self.subTest(service):
                self.assertEqual(self.called(machine, service, operation, parameters)["Code"], "AccessDeniedException")
                passes = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role}
                self.assertEqual(self.called(machine, service, operation, parameters, passes), "done")

    def test_a_service_refuses_a_role_that_it_cannot_assume(self):
        machine = local_aws()
        trusting = {"StringEquals": {"aws:SourceAccount": "000000000000"}, "ArnLike": {"aws:SourceArn": "*:schedule-group/default"}}
        other = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
        cases = [("scheduler", trusting, True), ("scheduler", other, False), ("events", None, False)]
        for service, condition, done in cases:
            with self.subTest(service, condition=condition):
                role = machine.role(unused("waker"), "*", ("*",), service, condition)
                self.assertEqual(self.refusal(lambda: machine.client("scheduler").create_schedule(**schedule(role))), None if done else (
                    "ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
                ))  # fmt: skip
        role, function = machine.role(unused("waker"), "*", ("*",), "scheduler"), machine.function(unused("configured"), CALLER)
        configure = lambda: machine.client("lambda").update_function_configuration(FunctionName=function, Role=role)  # noqa: E731
        text = "The role defined for the function cannot be assumed by Lambda."
        self.assertEqual(self.refusal(configure), ("InvalidParameterValueException", text))

    def refusal(self, call) -> tuple[str, str] | None:
        try:
            call()
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        return None
