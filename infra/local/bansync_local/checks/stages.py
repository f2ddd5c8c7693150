"""Stages of samconfig.toml.

`sam deploy` updates the stack of the name it finds. Two environments with one name and two stages turn one into the other: production's
tables would lose their protection. A stage that is left out is the stack's last one, or for a new stack the template's default
(SAM CLI: a parameter that is not given is sent as UsePreviousValue).
"""

import shlex
from collections.abc import Iterator

ADVICE = "Name the stack by its stage (bansync-dev), and give each environment Stage=… in parameter_overrides."


def of_project(project) -> Iterator[tuple[str, str]]:
    first = {}
    for environment, commands in project.samconfig.items():
        if not isinstance(commands, dict) or "deploy" not in commands:
            continue
        settings = {**commands.get("global", {}).get("parameters", {}), **commands["deploy"].get("parameters", {})}
        stage, stack = overrides(settings.get("parameter_overrides", [])).get("Stage"), settings.get("stack_name")
        if stage is None:
            yield environment, "its parameter_overrides give no Stage"
        if stack is None:
            continue
        other, other_stage = first.setdefault(stack, (environment, stage))
        if other_stage != stage:
            yield environment, f"it deploys {stack} with Stage={stage}, and {other} deploys it with Stage={other_stage}"


def overrides(given: str | list[str]) -> dict[str, str]:
    """`Name=value` pairs, in one text or in several."""
    texts = shlex.split(given) if isinstance(given, str) else given
    return dict(text.split("=", 1) for text in texts if "=" in text)
