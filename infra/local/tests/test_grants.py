"""Who may call a function or send to a queue, by its policy."""

import itertools
import json
import unittest

from tests.support import PATIENCE, eventually, local_aws

ACCOUNT = "000000000000"
# Says that it was called: it writes to the queue that its event, or its query, names.
TELLER = """
def handle(event):
    url = (event.get("detail") or event.get("queryStringParameters") or event).get("queue")
    if url:
        import boto3
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody="called")
    if event.get("type") == "REQUEST":
        return {"isAuthorized": True}
    return {"statusCode": 200, "body": "called"}
"""
numbers = itertools.count(1)


def unused(name: str) -> str:
    return f"{name}-{next(numbers)}"


class Rule:
    """A rule of the default bus with one target and a dead-letter queue that takes from any rule."""

    def __init__(self, machine, target: str, dead_letters: dict | None = None):
        self.machine, self.name, self.events = machine, unused("rule"), machine.client("events")
        self.arn = self.events.put_rule(Name=self.name, EventPattern=json.dumps({"source": [self.name]}))["RuleArn"]
        policy = {"Principal": {"Service": "events.amazonaws.com"}, "Condition": {"ArnLike": {"aws:SourceArn": self.arn}}}
        self.dead, dead_arn = machine.queue(unused("dead"), dead_letters or policy)
        self.events.put_targets(
            Rule=self.name, Targets=[{"Id": "only", "Arn": target, "DeadLetterConfig": {"Arn": dead_arn}}]
        )

    def put(self, **detail) -> None:
        self.events.put_events(Entries=[{"Source": self.name, "DetailType": "test", "Detail": json.dumps(detail)}])


class OfRules(unittest.TestCase):
    def called(self, machine, source: str | None, **more) -> dict | None:
        """What comes of an event: the function's word, or the dead letter."""
        function = machine.function(unused("teller"), TELLER)
        rule = Rule(machine, function)
        if source:
            machine.client("lambda").add_permission(
                FunctionName=function, StatementId="rule", Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
                SourceArn=source.format(rule.arn), **more,
            )  # fmt: skip
        told, _ = machine.queue(unused("told"))
        rule.put(queue=told)
        found = eventually(lambda: machine.received(told, 0) or machine.received(rule.dead, 0))
        return found and {**found, "right": (found.get("RULE_ARN"), found.get("TARGET_ARN")) == (rule.arn, function)}

    def test_without_the_patch_a_rule_needs_no_permission(self):
        self.assertEqual(self.called(local_aws("grants"), None)["body"], "called")

    def test_a_rule_calls_a_function_that_permits_it(self):
        for source in ("{}", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/rule-*"):
            with self.subTest(source):
                self.assertEqual(self.called(local_aws(), source, SourceAccount=ACCOUNT)["body"], "called")

    def test_the_event_of_a_rule_that_may_not_call_is_a_dead_letter(self):
        for source, more in [(None, {}), ("{}-other", {}), ("{}", {"SourceAccount": "111111111111"})]:
            with self.subTest(source, **more):
                found = self.called(local_aws(), source, **more)
                self.assertEqual((found.get("ERROR_CODE"), found.get("RETRY_ATTEMPTS"), found["right"]), ("NO_PERMISSIONS", "0", True))
                self.assertNotIn("EXHAUSTED_RETRY_CONDITION", found)
                self.assertEqual(json.loads(found["body"])["detail-type"], "test")

    def test_a_dead_letter_queue_takes_only_from_whom_its_policy_allows(self):
        machine = local_aws()
        other = {"Principal": {"Service": "events.amazonaws.com"}, "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:events:x"}}}
        rule = Rule(machine, machine.function(unused("teller"), TELLER), dead_letters=other)
        rule.put()
        self.assertIsNone(machine.received(rule.dead, 2))

    def test_a_rule_sends_to_a_queue_that_permits_it(self):
        events = {"Principal": {"Service": "events.amazonaws.com"}}
        for machine, policy, arrives in [(local_aws("grants"), None, True), (local_aws(), None, False), (local_aws(), events, True)]:
            with self.subTest(arrives=arrives, policy=policy):
                url, arn = machine.queue(unused("target"), policy)
                rule = Rule(machine, arn)
                rule.put()
                self.assertEqual(machine.received(url, PATIENCE if arrives else 2) is not None, arrives)
                self.assertEqual(machine.received(rule.dead, 0 if arrives else PATIENCE) is not None, not arrives)


class OfSchedules(unittest.TestCase):
    def fired(self, machine, *, trusts: str = "scheduler", may: str | None = None, condition: dict | None = None) -> dict | None:
        """What comes of a schedule that calls a function as this role."""
        function = machine.function(unused("teller"), TELLER)
        told, _ = machine.queue(unused("told"))
        dead, dead_arn = machine.queue(unused("dead"))
        # It is due when it is made; the role is made what it is to be only afterwards, since a schedule is not made with a bad one.
        role = machine.role(unused("waker"), "*", ("*",), "scheduler")
        machine.client("scheduler").create_schedule(
            Name=unused("wake"), ScheduleExpression="at(2026-01-01T00:00:00)", FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": function, "RoleArn": role, "Input": json.dumps({"queue": told}), "DeadLetterConfig": {"Arn": dead_arn}},
        )  # fmt: skip
        self.change(machine, role, trusts, condition, (may or function, dead_arn))
        return eventually(lambda: machine.received(told, 0) or machine.received(dead, 0), seconds=PATIENCE if trusts == "scheduler" else 13)

    def change(self, machine, role: str, trusts: str, condition: dict | None, resources: tuple[str, ...]) -> None:
        iam, name = machine.client("iam"), role.rpartition("/")[2]
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{trusts}.amazonaws.com"}}
        document = {"Version": "2012-10-17", "Statement": [trust | ({"Condition": condition} if condition else {})]}
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))
        allowed = {"Effect": "Allow", "Action": ["lambda:InvokeFunction", "sqs:SendMessage"], "Resource": resources}
        document = {"Version": "2012-10-17", "Statement": [allowed]}
        iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=json.dumps(document))

    def test_without_the_patch_a_schedule_needs_no_permission(self):
        self.assertEqual(self.fired(local_aws("grants"), may="arn:aws:lambda:*:*:function:other")["body"], "called")

    def test_a_schedule_calls_what_its_role_may(self):
        group = "arn:aws:scheduler:*:*:schedule-group/default"
        condition = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": group}}
        self.assertEqual(self.fired(local_aws(), condition=condition)["body"], "called")

    def test_what_its_role_may_not_call_is_a_dead_letter(self):
        found = self.fired(local_aws(), may="arn:aws:lambda:*:*:function:other")
        self.assertEqual(found.get("ERROR_CODE"), "AccessDeniedException")
        self.assertIn("is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda", found["ERROR_MESSAGE"])
        self.assertIn("wake-", found["SCHEDULE_ARN"])
        self.assertIn("queue", json.loads(found["body"]))

    def test_a_role_that_does_not_trust_the_scheduler_calls_nothing_and_leaves_no_letter(self):
        self.assertIsNone(self.fired(local_aws(), trusts="events"))


class OfApis(unittest.TestCase):
    """An HTTP API with an open route and one behind an authorizer; both functions permit what the test says."""

    def setUp(self):
        self.machine = local_aws()
        self.deploy()

    def deploy(self):
        machine, client = self.machine, self.machine.client("apigatewayv2")
        self.function, self.authorizer = (machine.function(unused(name), TELLER) for name in ("answerer", "authorizer"))
        self.api = client.create_api(Name=unused("api"), ProtocolType="HTTP")["ApiId"]
        client.create_stage(ApiId=self.api, StageName="$default", AutoDeploy=True)
        target = client.create_integration(
            ApiId=self.api, IntegrationType="AWS_PROXY", IntegrationUri=self.function, PayloadFormatVersion="2.0"
        )["IntegrationId"]
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{self.authorizer}/invocations"
        self.authorizer_id = client.create_authorizer(
            ApiId=self.api, Name="callers", AuthorizerType="REQUEST", AuthorizerUri=uri, AuthorizerPayloadFormatVersion="2.0",
            EnableSimpleResponses=True, IdentitySource=["$request.header.Authorization"], AuthorizerResultTtlInSeconds=0,
        )["AuthorizerId"]  # fmt: skip
        client.create_route(ApiId=self.api, RouteKey="ANY /open/{proxy+}", Target=f"integrations/{target}")
        client.create_route(
            ApiId=self.api, RouteKey="GET /kept", Target=f"integrations/{target}", AuthorizationType="CUSTOM",
            AuthorizerId=self.authorizer_id,
        )  # fmt: skip

    def get(self, path: str) -> tuple[int, str]:
        url = f"/_aws/execute-api/{self.api}/$default/{path}"
        status, _, text = self.machine.request("GET", url, headers={"Authorization": "x"})
        return status, text.replace(": ", ":")

    def permit(self, function: str, source: str, service: str = "apigateway") -> None:
        self.machine.permit(function, service, f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{self.api}/{source}")

    def test_without_the_patch_an_api_needs_no_permission(self):
        self.machine = local_aws("grants")
        self.deploy()
        self.assertEqual([self.get("open/x"), self.get("kept")], [(200, "called")] * 2)

    def test_an_api_calls_a_function_by_the_route_it_is_permitted(self):
        refused = (500, '{"message":"Internal Server Error"}')
        self.permit(self.function, "*/POST/open/*")
        self.permit(self.function, "*/*/other")
        self.permit(self.function, "*/GET/open/*", service="events")
        self.assertEqual(self.get("open/x"), refused)
        self.permit(self.function, "*/GET/open/*")
        self.assertEqual(self.get("open/x"), (200, "called"))
        # The integration may be called here, its authorizer not.
        self.permit(self.function, "$default/GET/kept")
        self.assertEqual(self.get("kept"), refused)
        self.permit(self.authorizer, "*/GET/kept")
        self.assertEqual(self.get("kept"), refused)
        self.permit(self.authorizer, f"authorizers/{self.authorizer_id}")
        self.assertEqual(self.get("kept"), (200, "called"))


class OfUrls(unittest.TestCase):
    def get(self, machine, *permissions: dict) -> tuple[int, str]:
        client, name = machine.client("lambda"), unused("open")
        machine.function(name, TELLER)
        url = client.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
        for number, permission in enumerate(permissions):
            client.add_permission(FunctionName=name, StatementId=str(number), Principal="*", **permission)
        status, _, text = machine.request("GET", f"/_aws/lambda-url/{url.split('//')[1].split('.')[0]}/")
        return status, text

    def test_a_function_url_needs_both_permissions(self):
        url = {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"}
        invoke = {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}
        self.assertEqual(self.get(local_aws("grants")), (200, "called"))
        self.assertEqual(self.get(local_aws(), url, invoke), (200, "called"))
        for some in ((), (url,), (invoke,), ({**url, "FunctionUrlAuthType": "AWS_IAM"}, invoke)):
            with self.subTest(some):
                status, text = self.get(local_aws(), *some)
                self.assertEqual(status, 403)
                self.assertTrue(json.loads(text)["Message"].startswith("Forbidden."))


class OfDestinations(unittest.TestCase):
    def record(self, machine, on: tuple[str, ...], seconds: float = PATIENCE) -> dict | None:
        """What the queue gets of a function that fails and whose role allows sending to these."""
        queue, arn = machine.queue(unused("failed"))
        name = unused("failing")
        machine.function(name, "def handle(event):\n    raise RuntimeError", may="sqs:SendMessage", on=on or (arn,))
        client = machine.client("lambda")
        client.put_function_event_invoke_config(
            FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
        )
        client.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
        return machine.received(queue, seconds)

    def test_a_function_s_failure_goes_where_its_role_may_send(self):
        other = ("arn:aws:sqs:us-east-1:000000000000:other",)
        self.assertIsNotNone(self.record(local_aws("grants"), other))
        self.assertIsNotNone(self.record(local_aws(), ()))
        self.assertIsNone(self.record(local_aws(), other, seconds=4))
