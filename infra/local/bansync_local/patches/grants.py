"""A service calls a function, or sends to a queue, only where it was allowed to.

MiniStack keeps what AWS::Lambda::Permission and AddPermission say and asks nobody: a permission that is missing or names another rule
shows only after a deploy.

- EventBridge calls a function by the function's policy and sends to a queue by the queue's, each with the rule as aws:SourceArn
  (EventBridge User Guide, "Using resource-based policies"). Otherwise the delivery has failed for good: NO_PERMISSIONS.
- EventBridge Scheduler does either with the schedule's role, which must trust it (EventBridge Scheduler User Guide, "Setting up").
- An HTTP API calls a function, and an authorizer's, with `API/STAGE/METHOD/PATH` or `API/authorizers/ID` as the source; the path is the
  route's, variables included, the method is the request's, and the default route is `API/STAGE/$default` (aws/aws-cdk, issue 18201, and
  aws/serverless-application-model, issue 1860, both of what works on AWS). Otherwise the answer is 500 (API Gateway Developer Guide,
  "Troubleshooting issues with HTTP API Lambda integrations").
- A function URL of the type NONE needs both lambda:InvokeFunctionUrl and, since October 2025, lambda:InvokeFunction (Lambda Developer
  Guide, "Control access to Lambda function URLs"; the answer is in awsdocs/aws-lambda-developer-guide, issue 494).
- What a function could not take goes to its destination by its own role (Lambda Developer Guide, "Capturing records of Lambda asynchronous
  invocations", "Retain discarded records"). Otherwise the record is lost.

What a rule or a schedule does is known from `delivery`: without that patch only APIs and URLs are asked.
"""

import json
import logging

from bansync_local.patches import attempts, principals

logger = logging.getLogger("lambda")

INVOKE, SEND = "lambda:InvokeFunction", "sqs:SendMessage"
# The action that a function's role has to allow for a destination, by the destination's service.
DESTINATIONS = {"sqs": SEND, "lambda": INVOKE, "sns": "sns:Publish", "events": "events:PutEvents"}
URL_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


def apply() -> None:
    _of_rules()
    _of_apis()
    _of_urls()
    _of_destinations()


def _of_rules() -> None:
    from ministack.services import eventbridge, sqs

    to_function, to_queue = eventbridge._dispatch_to_lambda, eventbridge._dispatch_to_sqs

    def to_granted_function(arn, payload) -> None:
        if not _refused(INVOKE, arn, _policy_of(arn)):
            to_function(arn, payload)

    def to_granted_queue(arn, *rest) -> None:
        found = sqs.queue_policy_for_arn(str(arn))
        # One that does not exist is another failure.
        if found is None or not _refused(SEND, str(arn), found[0]):
            to_queue(arn, *rest)

    eventbridge._dispatch_to_lambda, eventbridge._dispatch_to_sqs = to_granted_function, to_granted_queue


def _refused(action: str, resource: str, policy: dict | str | None) -> bool:
    """Whether the rule or the schedule at hand may not do this, which then is its failure."""
    attempt = attempts.current()
    if attempt is None or policy is None:
        return False
    if attempt.by_schedule:
        denied = principals.role_denies(attempt.target["RoleArn"], "scheduler.amazonaws.com", action, resource, **attempt.context)
        if denied:
            attempt.fail("AccessDeniedException", denied)
        return bool(denied)
    allowed = principals.service_may("events.amazonaws.com", action, resource, policy, **attempt.context)
    if not allowed:
        # The wording is ours, in IAM's manner: AWS documents none.
        reason = f"on resource: {resource} because no resource-based policy allows the {action} action"
        attempt.fail("NO_PERMISSIONS", f"User: events.amazonaws.com is not authorized to perform: {action} {reason}")
    return not allowed


def _policy_of(function: str) -> dict | None:
    """The policy of a function; None where there is none of that name. `function`: an ARN, with or without a version."""
    from ministack.services import lambda_svc

    found = lambda_svc._get_base_func_record_for_ref(function)[0]
    return found["policy"] if found else None


def _of_apis() -> None:
    from ministack.services import apigateway

    invoke, authorize = apigateway._invoke_lambda_proxy, apigateway._invoke_request_authorizer_lambda

    async def invoke_granted(integration, api_id, stage, path, method, headers, body, query, route_key="$default", *rest, **named):
        route = route_key if route_key == "$default" else f"{method}{route_key.partition(' ')[2]}"
        function = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
        if not integration.get("credentialsArn") and not _api_may_invoke(function, f"{api_id}/{stage}/{route}"):
            return 500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}'
        return await invoke(integration, api_id, stage, path, method, headers, body, query, route_key, *rest, **named)

    async def authorize_granted(authorizer, event, account_id, region):
        function = apigateway._extract_lambda_ref_from_integration_uri(authorizer.get("authorizerUri", ""))
        source = f"{event['requestContext']['apiId']}/authorizers/{authorizer['authorizerId']}"
        if not authorizer.get("authorizerCredentialsArn") and not _api_may_invoke(function, source):
            return None  # which is answered by 500
        return await authorize(authorizer, event, account_id, region)

    apigateway._invoke_lambda_proxy, apigateway._invoke_request_authorizer_lambda = invoke_granted, authorize_granted


def _api_may_invoke(function: str, source: str) -> bool:
    from ministack.core.responses import get_account_id, get_region

    policy, account = _policy_of(function), get_account_id()
    arn = f"arn:aws:execute-api:{get_region()}:{account}:{source}"
    # MiniStack tells itself of a function that does not exist.
    return policy is None or principals.service_may(
        "apigateway.amazonaws.com", INVOKE, function, policy, aws_sourcearn=arn, aws_sourceaccount=account
    )


def _of_urls() -> None:
    from ministack.services import lambda_svc

    handle = lambda_svc.handle_function_url_request

    async def handle_granted(url_id, method, *rest, resolved=None, **named):
        resolved = resolved or lambda_svc.resolve_function_url(url_id)
        if resolved and resolved[-1].get("AuthType") == "NONE" and not _anybody_may_invoke(*resolved):
            headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "AccessDeniedException"}
            return 403, headers, json.dumps({"Message": URL_FORBIDDEN}).encode()
        return await handle(url_id, method, *rest, resolved=resolved, **named)

    lambda_svc.handle_function_url_request = handle_granted


def _anybody_may_invoke(account: str, region: str, name: str, qualifier: str | None, _config: dict) -> bool:
    function = f"arn:aws:lambda:{region}:{account}:function:{name}" + (f":{qualifier}" if qualifier else "")
    policy = _policy_of(function)
    return policy is None or (
        principals.service_may(None, "lambda:InvokeFunctionUrl", function, policy, lambda_functionurlauthtype="NONE")
        and principals.service_may(None, INVOKE, function, policy, lambda_invokedviafunctionurl="true")
    )


def _of_destinations() -> None:
    from ministack.services import lambda_svc

    of_call, of_batch = lambda_svc._route_async_failure, lambda_svc._send_ddb_stream_failure_record

    def send_granted(destination, name, event, result):
        if _may_send(lambda_svc._functions.get(name) or {}, destination):
            of_call(destination, name, event, result)

    def send_granted_batch(mapping, function, *rest):
        destination = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        if not destination or _may_send(function, destination):
            of_batch(mapping, function, *rest)

    lambda_svc._route_async_failure, lambda_svc._send_ddb_stream_failure_record = send_granted, send_granted_batch


def _may_send(function: dict, destination: str) -> bool:
    config = function.get("config") or function
    action = DESTINATIONS.get((destination.split(":") + [""] * 3)[2])
    if not action or not config.get("Role"):
        return True
    denied = principals.role_denies(config["Role"], "lambda.amazonaws.com", action, destination)
    if denied:
        logger.warning("What %s could not take is lost: %s", config["FunctionName"], denied)
    return not denied
