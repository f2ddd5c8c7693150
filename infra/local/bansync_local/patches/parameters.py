"""`ssm:GetParameters` is judged by each parameter it names.

MiniStack judges it by the resource `*`, so a role that may read exactly its own parameters is refused.
"""

import functools
import json

ACTION = "ssm:GetParameters"


def apply() -> None:
    from ministack.core import iam_actions, iam_evaluator

    resource_of, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce

    def all_resources(service, method, path, headers, body, query, region, account):
        if service == "ssm" and headers.get("x-amz-target", "").endswith(".GetParameters"):
            names = json.loads(body or b"{}").get("Names") or []
            arns = [f"arn:aws:ssm:{region}:{account}:parameter/{name.lstrip('/')}" for name in names]
            # One string for what MiniStack takes for one resource; no name holds a space.
            return " ".join(arns) or "*"
        return resource_of(service, method, path, headers, body, query, region, account)

    @functools.wraps(enforce)
    def enforce_each(access_key, action, service, region, resource_arn="*", **named):
        resources = resource_arn.split(" ") if action == ACTION else [resource_arn]
        results = (enforce(access_key, action, service, region, resource_arn=resource, **named) for resource in resources)
        return next((denied for denied in results if denied), None)

    iam_actions.extract_resource_arn, iam_evaluator.enforce = all_resources, enforce_each
