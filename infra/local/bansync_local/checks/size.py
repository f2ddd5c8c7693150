"""Sizes: a template that can be read, and CloudFormation's limits (CloudFormation User Guide, "Understand CloudFormation quotas")."""

import json
from collections.abc import Iterator

ADVICE = "Say once what repeats: Globals, managed policies, routes as events of functions. (The SAM CLI reads no Fn::ForEach by default.)"
MOST_LINES = 850
LIMITS = {"Resources": 500, "Outputs": 200, "Parameters": 200}
MOST_BYTES = 1_000_000


def of_project(project) -> Iterator[tuple[str, str]]:
    lines = project.text.count("\n")
    if lines >= MOST_LINES:
        yield "template", f"it has {lines} lines; fewer than {MOST_LINES} are read as a whole"
    for section, most in LIMITS.items():
        if (count := len(project.body.get(section, {}))) > most:
            yield section, f"{count} of them, translated; CloudFormation takes {most}"
    if (size := len(json.dumps(project.body).encode())) > MOST_BYTES:
        yield "template", f"it has {size} bytes, translated; CloudFormation takes {MOST_BYTES}"
