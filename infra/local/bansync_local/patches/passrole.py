"""A role is handed to a service only by whoever may pass it, and only a role that the service can assume.

MiniStack asks neither. On AWS

- a call that names a role for a service also needs iam:PassRole on that role, with the service as iam:PassedToService (IAM User Guide,
  "Grant a user permissions to pass a role to an AWS service");
- EventBridge Scheduler and Lambda refuse a role that does not trust them, whoever asks: ValidationException and
  InvalidParameterValueException with the texts below (terraform-provider-aws, internal/service/scheduler/retry.go; moto's tests of
  create_function). For a schedule the source of the call is its group (EventBridge Scheduler User Guide, "Prevent the confused deputy
  problem").
"""

import json
import re
import uuid

from bansync_local.patches import principals

SCHEDULE = re.compile(r"/schedules/[^/]+")
FUNCTION = re.compile(r"/2015-03-31/functions(/[^/]+/configuration)?")

UNTRUSTING = {
    "scheduler": ("ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."),
    "lambda": ("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."),
}


def apply() -> None:
    from ministack import app

    for service in ("scheduler", "lambda", "events", "states"):
        app.SERVICE_HANDLERS[service] = _judged(service, app.SERVICE_HANDLERS[service])


def _judged(service: str, handle):
    async def handle_judged(method, path, headers, body, query):
        for role in _passed(service, method, path, headers, body):
            refusal = _refusal(service, role, headers, body, query)
            if refusal is not None:
                return refusal
        return await handle(method, path, headers, body, query)

    return handle_judged


def _passed(service: str, method: str, path: str, headers: dict, body: bytes) -> list[str]:
    """The roles that a request hands to the service."""
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    match service, method:
        case "scheduler", "POST" | "PUT" if SCHEDULE.fullmatch(path):
            roles = [(_read(body).get("Target") or {}).get("RoleArn")]
        case "lambda", "POST" | "PUT" if FUNCTION.fullmatch(path):
            roles = [_read(body).get("Role")]
        case "events", _ if operation == "PutRule":
            roles = [_read(body).get("RoleArn")]
        case "events", _ if operation == "PutTargets":
            roles = [target.get("RoleArn") for target in _read(body).get("Targets") or []]
        case "states", _ if operation in ("CreateStateMachine", "UpdateStateMachine"):
            roles = [_read(body).get("roleArn")]
        case _:
            return []
    # What is no ARN of a role the service refuses itself.
    return [role for role in roles if isinstance(role, str) and ":role/" in role]


def _read(body: bytes) -> dict:
    try:
        read = json.loads(body or b"{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _refusal(service: str, role: str, headers: dict, body: bytes, query: dict) -> tuple | None:
    from ministack.core import iam_actions, iam_evaluator
    from ministack.core.responses import get_account_id, get_region
    from ministack.core.router import extract_access_key_id

    principal, request_id = f"{service}.amazonaws.com", str(uuid.uuid4())
    denied = iam_evaluator.enforce(
        extract_access_key_id(headers, query), "iam:PassRole", "iam", get_region(), resource_arn=role,
        service_context={"iam:PassedToService": principal},
    )  # fmt: skip
    if isinstance(denied, iam_evaluator.EvalResult):
        text = iam_actions.identity_denial_message("iam:PassRole", denied.principal_arn, role, denied.decision == "Deny")
        return iam_actions.access_denied_response(service, "iam:PassRole", denied.principal_arn, request_id, message=text, headers=headers)
    context = {"aws_sourceaccount": get_account_id()}
    if service == "scheduler":
        group = _read(body).get("GroupName") or "default"
        context["aws_sourcearn"] = f"arn:aws:scheduler:{get_region()}:{get_account_id()}:schedule-group/{group}"
    if service not in UNTRUSTING or principals.assumable(role, principal, **context):
        return None
    code, text = UNTRUSTING[service]
    answer = {"__type": code, "message": text, "Message": text}
    return 400, {"Content-Type": "application/json", "x-amzn-errortype": code}, json.dumps(answer).encode()
