"""A resource may not refer to one whose condition is false.

CloudFormation refuses such a template before it touches anything: "Template format error: Unresolved resource dependencies [Topic] in the
Resources block of the template", for an output "… in the Outputs block …" (quoted in serverless-application-model, issue 832). What a
branch of Fn::If says that is not taken does not count, nor does DependsOn. MiniStack deploys the template with a reference that leads
nowhere.
"""

import functools


def apply() -> None:
    from ministack.services.cloudformation import changesets, engine, handlers

    validate = engine.validate_template_support

    @functools.wraps(validate)
    def validated(template, conditions, params=None):
        validate(template, conditions, params=params)
        # ValidateTemplate knows no parameters, so no conditions either.
        if params is not None:
            _check(template, conditions, set(params))

    for module in (engine, handlers, changesets):
        module.validate_template_support = validated


def _check(template: dict, conditions: dict, parameters: set[str]) -> None:
    resources = _active(template.get("Resources") or {}, conditions)
    known = resources.keys() | (template.get("Parameters") or {}).keys() | parameters
    blocks = {
        "Resources": [resource.get("Properties") for resource in resources.values()],
        "Outputs": [output.get("Value") for output in _active(template.get("Outputs") or {}, conditions).values()],
    }
    for block, values in blocks.items():
        if unresolved := sorted(_referred(values, conditions) - known):
            names = ", ".join(unresolved)
            raise ValueError(f"Template format error: Unresolved resource dependencies [{names}] in the {block} block of the template")


def _active(members: dict, conditions: dict) -> dict:
    return {name: member for name, member in members.items() if conditions.get(member.get("Condition"), True)}


def _referred(value, conditions: dict) -> set[str]:
    from ministack.services.cloudformation import engine

    names = {name for name, _ in engine._intrinsic_references(_taken(value, conditions))}
    return {name for name in names if not name.startswith("AWS::")}


def _taken(value, conditions: dict):
    """The value with each Fn::If replaced by the branch that is taken."""
    if isinstance(value, list):
        return [_taken(item, conditions) for item in value]
    if not isinstance(value, dict):
        return value
    match value.get("Fn::If"):
        case [condition, wanted, otherwise] if len(value) == 1:
            return _taken(wanted if conditions.get(condition, True) else otherwise, conditions)
    return {name: _taken(item, conditions) for name, item in value.items()}
