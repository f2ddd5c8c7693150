import json
import unittest

from tests.support import Stack, eventually, local_aws

SOURCE = "def handle(event, context): return {'statusCode': 200, 'body': '{}'}"


def template(route_settings: dict) -> str:
    uri = {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Work.Arn}/invocations"}
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri, "payloadFormatVersion": "2.0"}
    operation = {"responses": {}, "x-amazon-apigateway-integration": integration}
    paths = {"/slow": {"get": operation}, "/fast": {"get": operation}, "/users/{id}": {"get": operation}}
    return json.dumps({
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Burst": {"Type": "Number", "Default": 100}},
        "Resources": {
            "Work": {"Type": "AWS::Serverless::Function", "Properties": {"Runtime": "python3.11", "Handler": "index.handle", "InlineCode": SOURCE}},
            "Allowed": {"Type": "AWS::Lambda::Permission", "Properties": {
                "FunctionName": {"Ref": "Work"}, "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
            }},
            "Front": {"Type": "AWS::Serverless::HttpApi", "Properties": {
                "DefinitionBody": {"openapi": "3.0.1", "info": {"title": "throttled", "version": "1"}, "paths": paths},
                "DefaultRouteSettings": {"ThrottlingBurstLimit": {"Ref": "Burst"}, "ThrottlingRateLimit": 100},
                "RouteSettings": route_settings,
            }},
        },
        "Outputs": {"Front": {"Value": {"Ref": "Front"}}},
    })  # fmt: skip


SETTINGS = {
    "GET /slow": {"ThrottlingBurstLimit": 2, "ThrottlingRateLimit": 0.1},
    "GET /users/{id}": {"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 0.1},
}


class Throttles(unittest.TestCase):
    def stack(self, machine=None) -> Stack:
        stack = Stack(machine or local_aws(), f"throttles-{self._testMethodName.replace('_', '-')}"[:70])
        self.assertEqual(stack.create(template(SETTINGS)), "CREATE_COMPLETE", stack.reasons())
        # The first request starts the function; its time is none of the test.
        stack.ask("GET", "/fast")
        return stack

    def statuses(self, stack: Stack, *paths: str) -> list[int]:
        return [stack.ask("GET", path)[0] for path in paths]

    def test_without_the_patch_every_request_is_let_in(self):
        self.assertEqual(self.statuses(self.stack(local_aws("throttles")), "/users/1", "/users/2", "/users/3"), [200] * 3)

    def test_a_route_lets_in_its_burst_and_then_its_rate(self):
        stack = self.stack()
        self.assertEqual(self.statuses(stack, *["/slow"] * 3), [200, 200, 429])
        self.assertEqual(stack.ask("GET", "/slow"), (429, {"message": "Too Many Requests"}))
        self.assertEqual(eventually(lambda: stack.ask("GET", "/slow")[0], lambda status: status == 200), 200)

    def test_a_route_s_paths_share_its_bucket_and_other_routes_have_theirs(self):
        self.assertEqual(self.statuses(self.stack(), "/users/1", "/users/2", "/fast", "/fast", "/fast"), [200, 429, 200, 200, 200])

    def test_settings_are_told_by_the_api(self):
        stack = self.stack()
        stage = stack.machine.client("apigatewayv2").get_stage(ApiId=stack.outputs()["Front"], StageName="$default")
        self.assertEqual(stage["DefaultRouteSettings"], {"ThrottlingBurstLimit": 100, "ThrottlingRateLimit": 100.0})
        self.assertEqual(stage["RouteSettings"]["GET /slow"]["ThrottlingBurstLimit"], 2)

    def test_settings_of_a_route_that_is_not_there_are_refused(self):
        stack = Stack(local_aws(), "throttles-unknown")
        self.assertEqual(stack.create(template({"POST /slow": {"ThrottlingBurstLimit": 2}})), "ROLLBACK_COMPLETE")
        self.assertIn("Unable to find Route by key POST /slow within the provided RouteSettings", stack.reasons())
