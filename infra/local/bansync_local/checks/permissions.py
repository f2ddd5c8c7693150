"""The resource policies that let services call functions: `AWS::Lambda::Permission` for each caller.

Without one the deploy succeeds, and the call is refused: the HTTP API answers 500, an event of a rule goes to its dead-letter queue, a
function URL answers 403. The local AWS does not ask. What each caller needs:

- a rule of EventBridge, a subscription of SNS: the service as principal, the rule or the topic as source (EventBridge User Guide,
  "Using resource-based policies for Amazon EventBridge"; SNS Developer Guide, "Fanout to Lambda functions");
- a route of an HTTP API: `…:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`, and an authorizer `…:API/authorizers/ID`, unless a role
  is given (API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs" and "Control access to HTTP APIs with AWS
  Lambda authorizers");
- a function URL without authorisation: both InvokeFunctionUrl and InvokeFunction, of everybody (Lambda Developer Guide, "Control access to
  Lambda function URLs": since October 2025).

In a source `*` stands for any text (Lambda API, AddPermission: "the comparison uses the StringLike operator").
"""

import re
from collections.abc import Iterator

from bansync_local.routes import Route, routes
from bansync_local.template import flat, named

ADVICE = "Give each caller an AWS::Lambda::Permission whose SourceArn is the caller's, under the condition of the caller."
# The same on both sides of a comparison.
PSEUDO = {"${AWS::Partition}": "aws", "${AWS::Region}": "us-east-1", "${AWS::AccountId}": "123456789012"}
# A permission for any method must hold for all; two show that it does not name one.
METHODS = ("GET", "POST")
URL_ACTIONS = {"lambda:InvokeFunctionUrl": "FunctionUrlAuthType", "lambda:InvokeFunction": "InvokedViaFunctionUrl"}

# A caller: its resource, the function, the service, ARNs of the calls, and their name in a sentence.
Caller = tuple[str, str | None, str, list[str], str]


def of_stack(stack) -> Iterator[tuple[str, str]]:
    permissions = [properties for _, properties in stack.of_type("AWS::Lambda::Permission")]
    functions = dict(stack.functions())
    for find in (_rules, _topics, _routes, _schemes, _authorizers):
        for resource, function, service, sources, what in find(stack):
            if function in functions and not all(_allows(permissions, function, service, source) for source in sources):
                yield resource, f"{what} may not call {function}: no permission for {service} matches {sources[0]}"
    for name, properties in stack.of_type("AWS::Lambda::Url"):
        yield from _of_url(name, properties, permissions)
    for name, properties in stack.of_type("AWS::Lambda::Permission"):
        if properties["Principal"] != "*" and not properties.keys() & {"SourceArn", "SourceAccount", "PrincipalOrgID"}:
            yield name, f"it names no source: {properties['Principal']} may call for any account"


def _of_url(name: str, properties: dict, permissions: list[dict]) -> Iterator[tuple[str, str]]:
    function = named(properties["TargetFunctionArn"])
    if properties["AuthType"] != "NONE":
        return
    for action, limit in URL_ACTIONS.items():
        given = [of for of in permissions if named(of["FunctionName"]) == function and of["Action"] == action and of["Principal"] == "*"]
        if not given:
            yield name, f"nobody may call {function} by it: no permission of {action} for *"
        elif not any(limit in of for of in given):
            yield name, f"everybody may do {action} on {function}, by more than its URL: {limit} is missing"


def _allows(permissions: list[dict], function: str, service: str, source: str) -> bool:
    return any(
        named(permission["FunctionName"]) == function
        and permission["Principal"] == service
        and permission["Action"] == "lambda:InvokeFunction"
        and ("SourceArn" not in permission or matches(flat(permission["SourceArn"]), source))
        for permission in permissions
    )


def matches(pattern: str, text: str) -> bool:
    """Whether a SourceArn takes a caller's ARN, both with variables."""
    pattern, text = _known(pattern), _known(text)
    return re.fullmatch("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern), text) is not None


def _known(text: str) -> str:
    for variable, value in PSEUDO.items():
        text = text.replace(variable, value)
    return text


def _rules(stack) -> Iterator[Caller]:
    for name, properties in stack.of_type("AWS::Events::Rule"):
        for target in properties.get("Targets", []):
            if "RoleArn" not in target:
                yield name, named(target["Arn"]), "events.amazonaws.com", ["${" + name + ".Arn}"], "the rule"


def _topics(stack) -> Iterator[Caller]:
    for name, properties in stack.of_type("AWS::SNS::Subscription"):
        if properties["Protocol"] == "lambda":
            yield name, named(properties["Endpoint"]), "sns.amazonaws.com", [flat(properties["TopicArn"])], "the topic"


def _routes(stack) -> Iterator[Caller]:
    for route in routes(stack):
        if not route.by_role:
            yield route.resource, route.function, "apigateway.amazonaws.com", _calls(stack, route), f"the route {route.key}"


def _schemes(stack) -> Iterator[Caller]:
    """Authorizers of OpenAPI definitions."""
    for name, properties in stack.of_type("AWS::ApiGatewayV2::Api"):
        for scheme, of in (properties.get("Body") or {}).get("components", {}).get("securitySchemes", {}).items():
            authorizer = of.get("x-amazon-apigateway-authorizer", {})
            if "authorizerUri" in authorizer and not authorizer.keys() & {"authorizerCredentials", "authorizerCredentialsArn"}:
                sources = [_execute("${" + name + "}", "authorizers/id-made-by-aws")]
                yield name, named(authorizer["authorizerUri"]), "apigateway.amazonaws.com", sources, f"the authorizer {scheme}"


def _authorizers(stack) -> Iterator[Caller]:
    for name, properties in stack.of_type("AWS::ApiGatewayV2::Authorizer"):
        if properties["AuthorizerType"] == "REQUEST" and "AuthorizerCredentialsArn" not in properties:
            sources = [_execute(flat(properties["ApiId"]), "authorizers/${" + name + "}")]
            yield name, named(properties["AuthorizerUri"]), "apigateway.amazonaws.com", sources, "the authorizer"


def _calls(stack, route: Route) -> list[str]:
    """ARNs of calls by a route, in each stage."""
    stages = [of["StageName"] for _, of in stack.of_type("AWS::ApiGatewayV2::Stage") if flat(of["ApiId"]) == route.api] or ["$default"]
    if route.key == "$default":
        return [_execute(route.api, f"{stage}/$default") for stage in stages]
    methods = METHODS if route.method == "ANY" else [route.method]
    return [_execute(route.api, f"{stage}/{method}{route.path}") for stage in stages for method in methods]


def _execute(api: str, rest: str) -> str:
    return "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:" + f"{api}/{rest}"
