"""What an upgrade of a deployed stack needs by hand: `python -m bansync_local.upgrade OLD NEW [--changelog infra/CHANGELOG.md]`.

Compares two templates and prints each change that CloudFormation refuses, or that loses data, or that a stack does not get by itself. A
finding is answered by the first section of infra/CHANGELOG.md: it names the resource, parameter or output in backticks and says what to do.
Exits 1 while one is not named there.

OLD may be `released`: the template of the latest tag `v*` in git (a clone needs its tags: `git fetch --tags`), or, while there is no tag,
infra/released/template.yaml.
"""

import argparse
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

from bansync_local import template as templates

Finding = tuple[str, str]

# What goes with a resource of the type, and does not come back with a new one.
LOST = {
    "AWS::DynamoDB::Table": "its items",
    "AWS::S3::Bucket": "its objects",
    "AWS::SQS::Queue": "its messages",
    "AWS::Logs::LogGroup": "its logs",
    "AWS::SNS::Topic": "its subscriptions, which must be confirmed again",
    "AWS::Scheduler::ScheduleGroup": "its schedules",
    "AWS::ApiGatewayV2::Api": "its address, which Telegram and clients know",
    "AWS::Lambda::Url": "its address, which Telegram knows",
}
# A change of these replaces the resource ("Update requires: Replacement" in the CloudFormation Template Reference); the first one is its
# name, which must be free.
REPLACING = {
    "AWS::DynamoDB::Table": ("TableName", "KeySchema", "LocalSecondaryIndexes"),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::SQS::Queue": ("QueueName", "FifoQueue"),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::SNS::Topic": ("TopicName", "FifoTopic"),
    "AWS::Scheduler::ScheduleGroup": ("Name",),
    "AWS::Events::EventBus": ("Name",),
    "AWS::Lambda::Function": ("FunctionName", "PackageType"),
    "AWS::ApiGatewayV2::Api": (None, "ProtocolType"),
    "AWS::Lambda::Url": (None, "TargetFunctionArn", "Qualifier"),
}


def findings(old: dict, new: dict) -> list[Finding]:
    """Names of what changed, each with a sentence."""
    old, new = templates.translated(old), templates.translated(new)
    found = [*_resources(old, new), *_parameters(old.get("Parameters", {}), new.get("Parameters", {}))]
    found += [(name, "the output is removed; commands may read it") for name in _gone(old, new, "Outputs")]
    return found


def _gone(old: dict, new: dict, section: str) -> list[str]:
    return [name for name in old.get(section, {}) if name not in new.get(section, {})]


def _resources(old: dict, new: dict) -> Iterator[Finding]:
    before, after = old["Resources"], new["Resources"]
    for name in _gone(old, new, "Resources"):
        yield from _removed(name, before[name], {other: of for other, of in after.items() if other not in before})
    for name in [name for name in before if name in after]:
        was, now = before[name], after[name]
        if was["Type"] != now["Type"]:
            yield name, f"it is {now['Type']} now and was {was['Type']}: CloudFormation refuses another type under one logical id"
            continue
        yield from _replaced(name, was, now)
        if was["Type"] == "AWS::DynamoDB::Table":
            yield from _indexes(name, was["Properties"], now["Properties"])


def _removed(name: str, resource: dict, added: dict[str, dict]) -> Iterator[Finding]:
    kind = resource["Type"]
    same = [other for other, of in added.items() if of["Type"] == kind and of.get("Properties") == resource.get("Properties")]
    renamed = f" (it is called {same[0]} now, which is another resource for CloudFormation)" if same else ""
    if kind in LOST:
        yield name, f"it is removed{renamed}, and with it {LOST[kind]}"
    fixed = _name(resource)
    if fixed is not None:
        for other, of in added.items():
            if of["Type"] == kind and _name(of) == fixed:
                # The new one is created first, while the name is still taken.
                yield name, f"{other} takes its name, {templates.flat(fixed)}: CloudFormation fails as long as the old one is there"


def _name(resource: dict):
    """The name that a template gives a resource; None where CloudFormation makes one up."""
    key = REPLACING.get(resource["Type"], (None,))[0]
    return resource.get("Properties", {}).get(key)


def _replaced(name: str, was: dict, now: dict) -> Iterator[Finding]:
    kind = was["Type"]
    old, new = was.get("Properties", {}), now.get("Properties", {})
    changed = [key for key in REPLACING.get(kind, ()) if old.get(key) != new.get(key)]
    changed += [f"the type of {attribute}" for attribute in _retyped(old, new)]
    if changed:
        lost = f"; lost: {LOST[kind]}" if kind in LOST else ""
        yield name, f"it is replaced by a new one ({', '.join(changed)}){lost}"


def _retyped(old: dict, new: dict) -> list[str]:
    """Attributes whose type changed. One that an index no longer needs may go."""
    before, after = (
        {of["AttributeName"]: of["AttributeType"] for of in properties.get("AttributeDefinitions", [])} for properties in (old, new)
    )
    return [attribute for attribute in before if after.get(attribute, before[attribute]) != before[attribute]]


def _indexes(name: str, old: dict, new: dict) -> Iterator[Finding]:
    """DynamoDB takes one index created or deleted in one UpdateTable, and so does CloudFormation in one update of a table."""
    before, after = ({index["IndexName"]: index for index in of.get("GlobalSecondaryIndexes", [])} for of in (old, new))
    # An index cannot be changed: the old one goes, and the new one comes.
    deleted = [index for index in before if before[index] != after.get(index)]
    created = [index for index in after if after[index] != before.get(index)]
    if len(deleted) + len(created) > 1:
        steps = [*(f"delete {index}" for index in deleted), *(f"create {index}" for index in created)]
        yield name, f"{len(steps)} changes of its indexes, and CloudFormation makes one in an update: {', '.join(steps)}"


def _parameters(old: dict, new: dict) -> Iterator[Finding]:
    for name in new:
        if name not in old and "Default" not in new[name]:
            yield name, "the parameter is new and has no default: an update that does not give it is refused"
    for name, was in old.items():
        now = new.get(name)
        if now is None:
            yield name, "the parameter is removed: a deploy that still gives it is refused"
            continue
        if was.get("Default") != now.get("Default"):
            # SAM CLI's DeployContext sends UsePreviousValue for what is not given.
            yield name, f"its default is {now.get('Default')!r} now; stacks that are there keep what they have ({was.get('Default')!r})"
        lost = [str(value) for value in was.get("AllowedValues", []) if "AllowedValues" in now and value not in now["AllowedValues"]]
        if lost:
            yield name, f"it no longer takes {', '.join(lost)}: stacks with that value are refused"


def unanswered(found: list[Finding], changelog: str) -> list[Finding]:
    """Findings that the changelog's first section does not name."""
    sections = re.split(r"^## .*$", changelog, flags=re.MULTILINE)
    first = sections[1] if len(sections) > 1 else ""
    named = set(re.findall(r"`(\w+)`", first))
    return [finding for finding in found if finding[0] not in named]


def released(root: pathlib.Path) -> tuple[str, str] | None:
    """Name and text of the last release's template; None while nothing was released."""
    tag = subprocess.run(["git", "describe", "--tags", "--match", "v*", "--abbrev=0"], cwd=root, capture_output=True, text=True)
    if tag.returncode == 0:
        name = tag.stdout.strip()
        return name, subprocess.run(["git", "show", f"{name}:template.yaml"], cwd=root, capture_output=True, text=True, check=True).stdout
    path = root / "infra/released/template.yaml"
    return ("infra/released", path.read_text()) if path.is_file() else None


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bansync_local.upgrade", description=__doc__)
    parser.add_argument("old", help="a template, or `released`")
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--changelog", type=pathlib.Path)
    args = parser.parse_args(arguments)
    if args.old == "released":
        release = released(args.new.resolve().parent)
        if release is None:
            print("Nothing was released yet: no tag v* and no infra/released/template.yaml.")
            return
        name, old = release
    else:
        name, old = args.old, pathlib.Path(args.old).read_text()
    found = findings(templates.parse(old), templates.read(args.new))
    changelog = args.changelog.read_text() if args.changelog else ""
    missing = unanswered(found, changelog)
    for finding in found:
        print(f"{'  ' if finding in missing else 'ok'} {finding[0]}: {finding[1]}")
    print(f"Since {name}: {len(found)} changes need a step by hand; {len(missing)} of them are not in the changelog's first section.")
    if missing:
        names = ", ".join(dict.fromkeys(name for name, _ in missing))
        sys.exit(f"Say in the first section of {args.changelog or 'infra/CHANGELOG.md'} what to do about {names}.")


if __name__ == "__main__":
    main()
