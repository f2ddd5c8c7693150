import json
import unittest

from tests.support import Stack, local_aws

DOOR = """
def handle(event, context):
    return {"isAuthorized": event["headers"]["authorization"] == "good", "context": {"user": "7"}}
"""
WORK = """
import json
def handle(event, context):
    told = {"route": event["routeKey"], "rest": (event.get("pathParameters") or {}).get("proxy"),
            "user": (event["requestContext"].get("authorizer") or {}).get("lambda", {}).get("user")}
    return {"statusCode": 200, "body": json.dumps(told)}
"""


def function(code: str) -> dict:
    return {"Type": "AWS::Serverless::Function", "Properties": {"Runtime": "python3.11", "Handler": "index.handle", "InlineCode": code}}


def invocations(function: str) -> dict:
    return {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + function + ".Arn}/invocations"}


def operation(**more) -> dict:
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": invocations("Work"), "payloadFormatVersion": "2.0"}
    return {"responses": {}, "x-amazon-apigateway-integration": integration, **more}


def template(paths: dict, front="http-api", title="bansync", **document) -> str:
    guard = {"FunctionArn": {"Fn::GetAtt": ["Door", "Arn"]}, "AuthorizerPayloadFormatVersion": "2.0", "EnableSimpleResponses": True,
             "EnableFunctionDefaultPermissions": True, "Identity": {"Headers": ["Authorization"], "ReauthorizeEvery": 60}}  # fmt: skip
    source = {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"}
    return json.dumps({
        "Transform": "AWS::Serverless-2016-10-31",
        "Conditions": {"ByHttpApi": {"Fn::Equals": [front, "http-api"]}},
        "Resources": {
            "Door": function(DOOR),
            "Work": function(WORK),
            "WorkPermission": {"Type": "AWS::Lambda::Permission", "Condition": "ByHttpApi", "Properties": {
                "FunctionName": {"Ref": "Work"},
                "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", "SourceArn": source}},
            "Api": {"Type": "AWS::Serverless::HttpApi", "Condition": "ByHttpApi", "Properties": {
                "FailOnWarnings": True,
                "Auth": {"Authorizers": {"Session": guard}},
                "DefinitionBody": {"openapi": "3.0.1", "info": {"title": title, "version": "1"}, "paths": paths, **document},
            }},
        },
        "Outputs": {
            "Front": {"Value": {"Fn::If": ["ByHttpApi", {"Ref": "Api"}, "none"]}},
            "Url": {"Condition": "ByHttpApi", "Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}},
        },
    })  # fmt: skip


PATHS = {
    "/webhook": {"post": operation(security=[])},
    "/login": {"x-amazon-apigateway-any-method": operation()},
    "/api/v1/users/{proxy+}": {"x-amazon-apigateway-any-method": operation(security=[{"Session": []}])},
}


class Bodies(unittest.TestCase):
    def stack(self, text: str | None = None, machine=None) -> Stack:
        stack = Stack(machine or local_aws(), "bodies-" + self._testMethodName.replace("_", "-")[:60])
        self.assertEqual(stack.create(text or template(PATHS)), "CREATE_COMPLETE", stack.reasons())
        return stack

    def test_without_the_patch_a_body_makes_no_routes(self):
        stack = self.stack(machine=local_aws("bodies"))
        self.assertEqual(stack.ask("POST", "/webhook"), (404, {"message": "Not Found"}))

    def test_routes_are_those_of_the_body(self):
        stack = self.stack()
        self.assertEqual(stack.ask("POST", "/webhook")[1]["route"], "POST /webhook")
        self.assertEqual(stack.ask("GET", "/webhook"), (404, {"message": "Not Found"}))
        self.assertEqual(stack.ask("GET", "/nothing"), (404, {"message": "Not Found"}))
        for method in ("GET", "POST"):
            self.assertEqual(stack.ask(method, "/login")[1]["route"], "ANY /login")

    def test_a_guarded_route_asks_its_authorizer(self):
        stack = self.stack()
        path = "/api/v1/users/7/bans"
        self.assertEqual(stack.ask("GET", path), (401, {"message": "Unauthorized"}))
        self.assertEqual(stack.ask("GET", path, headers={"Authorization": "bad"}), (403, {"message": "Forbidden"}))
        expected = {"route": "ANY /api/v1/users/{proxy+}", "rest": "7/bans", "user": "7"}
        self.assertEqual(stack.ask("GET", path, headers={"Authorization": "good"}), (200, expected))

    def test_a_scheme_and_an_integration_of_the_document_itself(self):
        shared = operation()["x-amazon-apigateway-integration"]
        guard = {"type": "request", "authorizerUri": invocations("Door"), "authorizerPayloadFormatVersion": "2.0",
                 "enableSimpleResponses": True, "authorizerResultTtlInSeconds": 0,
                 "identitySource": "$request.header.Authorization, $request.querystring.as"}  # fmt: skip
        components = {
            "securitySchemes": {"Own": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authorizer": guard}},
            "x-amazon-apigateway-integrations": {"work": shared},
        }
        by_reference = {"$ref": "#/components/x-amazon-apigateway-integrations/work"}
        guarded = {"responses": {}, "security": [{"Own": []}], "x-amazon-apigateway-integration": by_reference}
        open_to_all = {"x-amazon-apigateway-any-method": operation(security=[{"NONE": []}])}
        stack = self.stack(template({"/own": {"get": guarded}, "$default": open_to_all}, components=components))
        authorized = {"Authorization": "good"}
        self.assertEqual(stack.ask("GET", "/own", headers=authorized)[0], 401)
        self.assertEqual(stack.ask("GET", "/own?as=7", headers=authorized)[1]["user"], "7")
        self.assertEqual(stack.ask("GET", "/other")[1]["route"], "$default")
        [integration] = stack.machine.client("apigatewayv2").get_integrations(ApiId=stack.outputs()["Front"])["Items"]
        self.assertIn("/invocations", integration["IntegrationUri"])

    def test_the_records_are_as_the_api_tells_them(self):
        stack = self.stack()
        gateway, api = stack.machine.client("apigatewayv2"), stack.outputs()["Front"]
        self.assertEqual(gateway.get_api(ApiId=api)["Name"], "bansync")
        integrations = gateway.get_integrations(ApiId=api)["Items"]
        self.assertEqual([(one["IntegrationType"], one["PayloadFormatVersion"]) for one in integrations], [("AWS_PROXY", "2.0")])
        [authorizer] = gateway.get_authorizers(ApiId=api)["Items"]
        self.assertEqual((authorizer["Name"], authorizer["AuthorizerType"]), ("Session", "REQUEST"))
        self.assertEqual(authorizer["AuthorizerResultTtlInSeconds"], 60)
        self.assertEqual(authorizer["IdentitySource"], ["$request.header.Authorization"])
        kinds = {route["RouteKey"]: route["AuthorizationType"] for route in gateway.get_routes(ApiId=api)["Items"]}
        self.assertEqual(kinds, {"POST /webhook": "NONE", "ANY /login": "NONE", "ANY /api/v1/users/{proxy+}": "CUSTOM"})

    def test_an_update_adds_and_removes_routes_of_the_same_api(self):
        stack = self.stack()
        api = stack.outputs()["Front"]
        paths = {"/webhook": PATHS["/webhook"], "/health": {"get": operation()}}
        self.assertEqual(stack.update(template(paths)), "UPDATE_COMPLETE", stack.reasons())
        self.assertEqual(stack.outputs()["Front"], api)
        self.assertEqual(stack.ask("GET", "/health")[0], 200)
        self.assertEqual(stack.ask("POST", "/webhook")[0], 200)
        self.assertEqual(stack.ask("GET", "/login")[0], 404)

    def test_a_stack_that_is_deleted_takes_its_api_along(self):
        stack = self.stack()
        api = stack.outputs()["Front"]
        stack.delete()
        self.assertEqual(stack.ask("POST", "/webhook", api=api)[0], 404)
        gateway = stack.machine.client("apigatewayv2")
        self.assertRaises(gateway.exceptions.NotFoundException, gateway.get_api, ApiId=api)

    def test_a_condition_that_is_false_makes_no_api(self):
        stack = self.stack(template(PATHS, front="function-url"))
        self.assertEqual(stack.outputs(), {"Front": "none"})
        self.assertEqual(set(stack.resources()), {"Door", "DoorRole", "Work", "WorkRole"})

    def test_and_an_update_takes_the_api_away_and_brings_another(self):
        stack = self.stack()
        api = stack.outputs()["Front"]
        self.assertEqual(stack.update(template(PATHS, front="function-url")), "UPDATE_COMPLETE", stack.reasons())
        self.assertEqual(stack.outputs(), {"Front": "none"})
        self.assertEqual(stack.ask("POST", "/webhook", api=api)[0], 404)
        self.assertEqual(stack.update(template(PATHS)), "UPDATE_COMPLETE", stack.reasons())
        self.assertEqual(stack.ask("POST", "/webhook")[0], 200)

    def test_a_scheme_that_is_not_defined_fails_the_import_and_leaves_what_was(self):
        stack = self.stack()
        paths = {"/webhook": {"post": operation(security=[{"Nobody": []}])}}
        self.assertEqual(stack.update(template(paths)), "UPDATE_ROLLBACK_COMPLETE")
        self.assertIn("Nobody", stack.reasons())
        self.assertEqual(stack.ask("GET", "/login")[0], 200)

    def test_a_warning_fails_an_import_that_asks_for_it(self):
        stack = Stack(local_aws(), "bodies-warning")
        self.assertEqual(stack.create(template({"/webhook": {"post": {"responses": {}}}}, title="refused")), "ROLLBACK_COMPLETE")
        self.assertIn("Warnings found during import", stack.reasons())
        self.assertNotIn("Api", stack.resources())
        self.assertNotIn("refused", [api["Name"] for api in stack.machine.client("apigatewayv2").get_apis()["Items"]])
