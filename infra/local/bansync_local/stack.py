"""The stacks a template can make: one for each combination of parameter values that its conditions and mappings tell apart.

In a stack nothing is open any more: `Fn::If` is decided, parameters have values, and resources are there or are not. So a rule about what
is deployed reads plain values, and sees each stage and each front door.
"""

import dataclasses
import fnmatch
import functools
import itertools
import json
import sys
from collections.abc import Iterator

from bansync_local import template as templates
from bansync_local.template import listed, named

# More than this many are not looked at one by one.
MOST_STACKS = 4096
# Conditions may ask where they are; any answer will do.
PSEUDO = {"AWS::Region": "us-east-1", "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
NO_VALUE = object()
PRODUCTION = "prod"
# Values that no condition will compare a parameter with.
OTHER_TEXT, OTHER_NUMBER = "something-else", "7919"


@dataclasses.dataclass(frozen=True)
class Stack:
    """What CloudFormation creates for some values of the parameters."""

    # Values of the parameters on which conditions and mappings depend.
    chosen: dict[str, str]
    resources: dict[str, dict]
    outputs: dict[str, dict]
    # Resources of the template that are not in this stack.
    absent: frozenset[str]

    @property
    def production(self) -> bool:
        """Whether users' data is in it. So it is where no condition asks for the stage: all stages are alike then."""
        return self.chosen.get("Stage", PRODUCTION) == PRODUCTION

    def of_type(self, *types: str) -> Iterator[tuple[str, dict]]:
        """Names and properties."""
        for name, resource in self.resources.items():
            if resource["Type"] in types:
                yield name, resource.get("Properties", {})

    def functions(self) -> Iterator[tuple[str, dict]]:
        return self.of_type("AWS::Lambda::Function")

    def mappings(self) -> Iterator[tuple[str, str, str, dict]]:
        """Event source mappings: name, function, source, properties."""
        for name, properties in self.of_type("AWS::Lambda::EventSourceMapping"):
            yield name, named(properties["FunctionName"]), named(properties["EventSourceArn"]), properties

    def statements(self, function: str) -> Iterator[dict]:
        """What the function's role allows by policies of this template: its own, and managed ones that are attached to it."""
        role = named(self.resources[function]["Properties"]["Role"])
        properties = self.resources.get(role, {}).get("Properties", {})
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        managed = {named(arn) for arn in properties.get("ManagedPolicyArns", [])}
        for name, policy in self.of_type("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
            if name in managed or role in map(named, policy.get("Roles", [])):
                documents.append(policy["PolicyDocument"])
        for document in documents:
            yield from listed(document["Statement"])

    def may(self, function: str, action: str, resource: str) -> bool:
        """Whether the function's policies allow an action on a resource of the template."""
        return any(
            statement["Effect"] == "Allow"
            and any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in listed(statement.get("Action", [])))
            and any(on == "*" or named(on) == resource for on in listed(statement.get("Resource", [])))
            for statement in self.statements(function)
        )


@functools.lru_cache(1)
def of_text(text: str) -> list[Stack]:
    """All of the template in this text. To work them out takes longer than most that is asked of them."""
    return stacks(templates.parse(text))


def covering(all_stacks: list[Stack]) -> list[Stack]:
    """A few of them in which each resource is as any of them has it, for judges that take seconds a stack."""
    left = {each: {json.dumps(item, sort_keys=True) for item in stack.resources.items()} for each, stack in enumerate(all_stacks)}
    chosen = []
    while any(left.values()):
        most = max(left, key=lambda each: len(left[each]))
        chosen.append(most)
        left = {each: resources - left[most] for each, resources in left.items()}
    return [all_stacks[each] for each in chosen]


def stacks(template: dict) -> list[Stack]:
    """One for each outcome of the template's conditions and mappings."""
    found, keys = {}, mapped(template)
    for chosen in choices(template):
        values = templates.defaults(template) | chosen
        expanded = templates.expanded(template, values)
        outcome = (*_Decision(expanded, values).conditions().items(), *(values[name] for name in keys))
        if outcome not in found:
            # A parameter that no condition tells apart may still be a value somewhere: the first of its values stands for all.
            found[outcome] = _Decision(templates.by_sam(expanded, values), values).stack(chosen)
    return list(found.values())


def one_of(template: dict, chosen: dict[str, str]) -> Stack:
    """The one for these values of its parameters, one of its `choices`."""
    values = templates.defaults(template) | chosen
    return _Decision(templates.translated(template, values), values).stack(chosen)


def choices(template: dict) -> Iterator[dict[str, str]]:
    """All combinations of the values of the parameters on which conditions and mappings depend, the defaults first."""
    conditions, parameters = template.get("Conditions", {}), template.get("Parameters", {})
    used = {name for name in templates.references(conditions) if name in parameters} | set(mapped(template))
    values = {name: _values(name, parameters[name], conditions) for name in sorted(used)}
    combinations = itertools.product(*values.values())
    for count, combination in enumerate(combinations):
        if count == MOST_STACKS:
            sys.exit(f"The conditions tell more than {MOST_STACKS} combinations of parameters apart ({', '.join(values)}).")
        yield dict(zip(values, combination))


def mapped(template: dict) -> list[str]:
    """Parameters by which something is looked up in Mappings."""

    def keys(value) -> Iterator[str]:
        match value:
            case {"Fn::FindInMap": arguments}:
                yield from templates.references(arguments)
            case dict():
                for item in value.values():
                    yield from keys(item)
            case list():
                for item in value:
                    yield from keys(item)

    return sorted({name for name in keys(template) if name in template.get("Parameters", {})})


def _values(name: str, parameter: dict, conditions: dict) -> list[str]:
    """The default first; where anything is allowed, what conditions compare it with, and something else."""
    default = [str(parameter["Default"])] if "Default" in parameter else []
    another = OTHER_NUMBER if parameter["Type"] == "Number" else OTHER_TEXT
    others = parameter.get("AllowedValues") or [*_compared(name, conditions), another]
    return list(dict.fromkeys(default + [str(other) for other in others]))


def _compared(name: str, value) -> Iterator[str]:
    match value:
        case {"Fn::Equals": [left, right]}:
            for one, other in ((left, right), (right, left)):
                if one == {"Ref": name} and not isinstance(other, dict):
                    yield str(other)
        case dict():
            for item in value.values():
                yield from _compared(name, item)
        case list():
            for item in value:
                yield from _compared(name, item)


class _Decision:
    """A translated template with values for its parameters."""

    def __init__(self, body: dict, values: dict[str, str]):
        self.body, self.values = body, values

    def conditions(self) -> dict[str, bool]:
        return {name: self.holds(condition) for name, condition in self.body.get("Conditions", {}).items()}

    def holds(self, condition) -> bool:
        match condition:
            case {"Condition": name}:
                return self.holds(self.body["Conditions"][name])
            case {"Fn::Equals": [left, right]}:
                return self.compared(left) == self.compared(right)
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::And": parts}:
                return all(self.holds(part) for part in parts)
            case {"Fn::Or": parts}:
                return any(self.holds(part) for part in parts)
        sys.exit(f"A condition is not understood: {condition}")

    def compared(self, value) -> str:
        match value:
            case {"Ref": str(name)} if name in PSEUDO:
                return PSEUDO[name]
        return str(self.decided(value))

    def decided(self, value):
        """The value with parameters, `Fn::If` and `Fn::FindInMap` replaced by what they give."""
        match value:
            case {"Ref": "AWS::NoValue"}:
                return NO_VALUE
            case {"Ref": str(name)} if name in self.values:
                return self.values[name]
            case {"Fn::If": [name, then, otherwise]}:
                return self.decided(then if self.holds({"Condition": name}) else otherwise)
            case {"Fn::FindInMap": [name, first, second, *_]}:
                return self.decided(self.body["Mappings"][self.decided(name)][self.decided(first)][self.decided(second)])
            case list():
                return [item for item in map(self.decided, value) if item is not NO_VALUE]
            case dict():
                decided = {key: self.decided(item) for key, item in value.items()}
                return {key: item for key, item in decided.items() if item is not NO_VALUE}
        return value

    def stack(self, chosen: dict[str, str]) -> Stack:
        def there(section: str) -> dict[str, dict]:
            return {
                name: self.decided(item)
                for name, item in self.body.get(section, {}).items()
                if "Condition" not in item or self.holds({"Condition": item["Condition"]})
            }

        resources = there("Resources")
        return Stack(chosen, resources, there("Outputs"), frozenset(self.body["Resources"].keys() - resources.keys()))
