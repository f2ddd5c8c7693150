"""Least privilege, checked: `python -m bansync_local.policies template FILE` or `… used FILE …`.

- `template FILE` reads a template: what a function's policies name is exactly what its environment gives it (tables,
  queues, bus, bucket, parameters) and where its failed events go; nothing is allowed by a wildcard.
- `used FILE …`, after the tests: each permission of a function that is deployed to the local AWS (AWS_ENDPOINT_URL) was used, there or in
  another stack of the same name and template: MiniStack makes the same names of the same. The files are what `GET /_bansync/permissions` answered of each of them.

Prints what is wrong and "N passed, N failed" by function.
"""

import fnmatch
import itertools
import json
import re
import sys
from pathlib import Path

from bansync_local import template as templates
from bansync_local.stack import Stack, of_text
from bansync_local.template import listed

# Needed, and seldom used: the tests need not come by. (action, resource, when)
RARE = [
    ("dynamodb:UpdateItem", "*GatewayTable*", "Telegram tells one caller to wait, and he tells all others"),
    ("sqs:SendMessage", "*NotificationQueue*", "a message waits a flood wait out"),
    ("dynamodb:GetItem", "*SubscriptionsTable*", "two transactions of one admin meet, which they never do here"),
]


def about(value) -> str:
    """What an ARN or a setting is about: a resource of the template, or a parameter."""
    text = templates.flat(value)
    parameter = re.search(r"\$\{AWS::StackName\}/([\w-]+)$", text)
    return f"parameter {parameter[1]}" if parameter else templates.named(value) or text


def given(stack: Stack, function: str) -> set[str]:
    """What the environment names, and the queues for what the function could not take."""
    variables = stack.resources[function]["Properties"].get("Environment", {}).get("Variables", {}).values()
    names = {about(value) for value in variables}
    # One variable may name several: a list of queues.
    names |= {name for value in variables for name in templates.RESOURCE.findall(templates.flat(value))}
    handed = {name for name in names if name.startswith("parameter ") or name in stack.resources}
    return handed | failures(stack, function)


def failures(stack: Stack, function: str) -> set[str]:
    """Destinations of OnFailure, of the function itself and of its event source mappings."""
    configured = stack.of_type("AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping")
    destinations = (of.get("DestinationConfig", {}) for _, of in configured if templates.named(of["FunctionName"]) == function)
    return {about(destination["OnFailure"]["Destination"]) for destination in destinations if "OnFailure" in destination}


def of_stacks(stacks: list[Stack]) -> dict[str, list[str]]:
    """By function, what is wrong with its policies, in any of the stacks that a template makes."""
    wrong = {}
    for stack in stacks:
        for function, _ in stack.functions():
            wrong.setdefault(function, {}).update(dict.fromkeys(_of_function(stack, function)))
    return {function: list(problems) for function, problems in wrong.items()}


def _of_function(stack: Stack, function: str) -> list[str]:
    wrong, allowed = [], set()
    for statement in stack.statements(function):
        for action in listed(statement["Action"]):
            if "*" in action:
                wrong.append(f"{action} allows more than one action")
        for resource in listed(statement["Resource"]):
            allowed.add(about(resource))
            text = templates.flat(resource)
            # A bucket's objects, an index: part of something that is named.
            if text.startswith("*") or text.endswith(":*"):
                wrong.append(f"{text} allows more than one resource")
    expected = given(stack, function)
    wrong += [f"{name} is allowed and not in the environment" for name in sorted(allowed - expected)]
    wrong += [f"{name} is in the environment and not allowed" for name in sorted(expected - allowed)]
    return wrong


def unused(permissions: list[dict], used: list[dict]) -> dict[str, list[str]]:
    """By owner, the permissions that were never used: a function's own by itself, a shared policy's by nobody who has it.

    `permissions`: `{"owner", "functions", "action", "resource"}`; `used`: `{"function", "action", "resource"}`.
    """
    found = {permission["owner"]: [] for permission in permissions}
    for permission in permissions:
        names = {function[:64] for function in permission["functions"]}
        if not is_rare(permission) and not any(
            use["function"] in names
            and use["action"] == permission["action"]
            and fnmatch.fnmatchcase(use["resource"], permission["resource"])
            for use in used
        ):
            found[permission["owner"]].append(f"{permission['action']} on {permission['resource']} was never used")
    return found


def is_rare(permission: dict) -> bool:
    return any(
        permission["action"] == action and fnmatch.fnmatchcase(permission["resource"], resource) for action, resource, _ in RARE
    )


def deployed(client) -> list[dict]:
    """The permissions of all functions, but those by which Lambda itself delivers failed events."""
    lambda_, iam = client("lambda"), client("iam")
    documents, shared = [], {}
    for page in lambda_.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            name, role = function["FunctionName"], function["Role"].rpartition("/")[2]
            for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
                document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
                documents.append((name, [name], document))
            for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
                # AWS's own say nothing of this project.
                if not policy["PolicyArn"].startswith("arn:aws:iam::aws:"):
                    shared.setdefault(policy["PolicyArn"], (policy["PolicyName"], []))[1].append(name)
    for arn, (policy, names) in shared.items():
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        documents.append((policy, names, iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]))
    return [
        {"owner": owner, "functions": names, "action": action, "resource": resource}
        for owner, names, document in documents
        for statement in listed(document["Statement"])
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if not (action == "sqs:SendMessage" and "EventsDlq" in resource)
    ]


def report(wrong: dict[str, list[str]]) -> bool:
    for function, problems in sorted(wrong.items()):
        for problem in problems:
            print(f"{function}: {problem}")
    failed = sum(bool(problems) for problems in wrong.values())
    print(f"{len(wrong) - failed} passed, {failed} failed")
    return failed == 0


def main(arguments: list[str]) -> int:
    match arguments:
        case ["template", path]:
            wrong = of_stacks(of_text(Path(path).read_text()))
        case ["used", *paths]:
            from bansync_local import aws

            used = itertools.chain.from_iterable(json.loads(Path(path).read_text()) for path in paths)
            wrong = unused(deployed(aws.client), list(used))
        case _:
            sys.exit(__doc__)
    return 0 if report(wrong) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
