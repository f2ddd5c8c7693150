"""What an AWS service may do: by the policy of the resource that it calls, or as a role that it assumes.

MiniStack asks IAM about callers that sign a request. A service that calls another one inside AWS signs none here.
"""


def service_may(service: str | None, action: str, resource: str, policy: dict | str | None, **context: str) -> bool:
    """Whether the resource's policy lets the service ("events.amazonaws.com"; None: somebody without any key) do this.

    `context` holds condition keys in lower case, with `_` for `:` ("aws_sourcearn"). Keys are compared whatever their case, as in IAM.
    """
    from ministack.core.iam_evaluator import evaluate_resource_policy

    return evaluate_resource_policy(policy, _request("", action, resource, context), service=service).decision == "Allow"


def role_denies(role: str, service: str, action: str, resource: str, **context: str) -> str | None:
    """IAM's text where the service may not do this as the role, else None. The role's policies and its boundary count."""
    from ministack.core import iam_evaluator
    from ministack.core.iam_actions import identity_denial_message
    from ministack.services import iam

    if not assumable(role, service, **context):
        return f"{service} is not authorized to perform: sts:AssumeRole on resource: {role}"
    account, name = role.split(":")[4], role.rpartition("/")[2]
    session = f"arn:aws:sts::{account}:assumed-role/{name}/{service.partition('.')[0]}"
    request = _request(session, action, resource, {})
    policies = iam_evaluator._gather_role_policies(name, account)
    boundary = iam_evaluator._permissions_boundary(iam._roles, name, account)
    decision = iam_evaluator.evaluate(request, policies, *boundary).decision
    return None if decision == "Allow" else identity_denial_message(action, session, resource, decision == "Deny")


def assumable(role: str, service: str, **context: str) -> bool:
    """Whether the role exists and trusts the service."""
    from ministack.services import iam

    kept = iam._roles.get_scoped(role.split(":")[4], None, role.rpartition("/")[2]) if role.count(":") >= 5 else None
    return kept is not None and service_may(service, "sts:AssumeRole", role, kept["AssumeRolePolicyDocument"], **context)


def _request(session: str, action: str, resource: str, context: dict[str, str]):
    """What IAM is asked; without a session it is a service that asks, which is no principal of any account."""
    from ministack.core.iam_evaluator import EvalContext
    from ministack.core.responses import get_account_id, get_region

    return EvalContext(
        principal_arn=session or "*",
        principal_type="AssumedRole" if session else "Service",
        principal_account=get_account_id() if session else "",
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context={key.replace("_", ":", 1): value for key, value in context.items()},
    )
