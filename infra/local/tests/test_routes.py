import unittest

from bansync_local import routes, stack, template

BY_SAM = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: provided.al2023, Handler: bootstrap}}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: callers
        Authorizers: {callers: {AuthorizerPayloadFormatVersion: "2.0", FunctionArn: !GetAtt Bans.Arn}}
  Bans:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Paths: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: ANY, Path: "/bans/{proxy+}"}}
        Health: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /health, Auth: {Authorizer: NONE}}}
        Rest: {Type: HttpApi, Properties: {ApiId: !Ref Api}}
"""
BY_RESOURCES = """
Resources:
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationUri: !GetAtt Bans.Arn, CredentialsArn: !GetAtt Role.Arn}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: GET /bans, AuthorizationType: CUSTOM, Target: !Sub "integrations/${Integration}"}
"""
POINTED_TO = """
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Body:
        paths:
          /bans:
            parameters: []
            get: {x-amazon-apigateway-integration: {$ref: "#/components/x-amazon-apigateway-integrations/bans"}}
        components:
          x-amazon-apigateway-integrations:
            bans: {uri: !Sub "arn:aws:apigateway:x:lambda:path/functions/${Bans.Arn}/invocations"}
"""


def found(text: str) -> list[routes.Route]:
    return list(routes.routes(stack.stacks(template.parse(text))[0]))


class Routes(unittest.TestCase):
    def test_routes_of_sam_events_are_found(self):
        expected = {
            routes.Route("Api", "${Api}", "ANY /bans/{proxy+}", "Bans", by_role=False, protected=True),
            routes.Route("Api", "${Api}", "GET /health", "Bans", by_role=False, protected=False),
            routes.Route("Api", "${Api}", "$default", "Bans", by_role=False, protected=True),
        }
        self.assertEqual(set(found(BY_SAM)), expected)

    def test_routes_that_are_resources_are_found(self):
        self.assertEqual(found(BY_RESOURCES), [routes.Route("Route", "${Api}", "GET /bans", "Bans", by_role=True, protected=True)])

    def test_an_integration_that_a_definition_points_to_is_found(self):
        self.assertEqual(found(POINTED_TO), [routes.Route("Api", "${Api}", "GET /bans", "Bans", by_role=False, protected=False)])


if __name__ == "__main__":
    unittest.main()
