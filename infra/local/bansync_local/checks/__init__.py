"""Faults of template.yaml, samconfig.toml and the functions that only the real AWS shows:
`python -m bansync_local.checks TEMPLATE [--samconfig FILE] [--sources FOLDER …]`.

The local AWS creates what AWS refuses, and does not run long enough to show what goes wrong later. Each rule is one module with `ADVICE`
(what to do) and either of

    of_stack(stack)      the rule for one stack the template can make; see `bansync_local.stack`
    of_project(project)  the rule for the files as they stand

which yields complaints: `(resource, sentence)`.
"""

import functools
import importlib
import tomllib
from collections.abc import Iterator

from bansync_local import stack as stacks
from bansync_local import template as templates

NAMES = (
    "mappings", "recursion", "retention", "stages", "visibility", "concurrency", "encryption", "lifecycle", "permissions", "logging",
    "metrics", "conditions", "size",
)  # fmt: skip

Complaint = tuple[str, str]


class Project:
    """The files that are judged."""

    def __init__(self, text: str, samconfig: str = "", sources: dict[str, str] | None = None):
        # The template as it stands in its file.
        self.text = text
        self.template = templates.parse(text)
        self.samconfig = tomllib.loads(samconfig)
        # The functions' Rust, by path.
        self.sources = sources or {}

    @functools.cached_property
    def stacks(self) -> list[stacks.Stack]:
        """All that the template can make; the first one is that of the defaults."""
        return stacks.of_text(self.text)

    @functools.cached_property
    def body(self) -> dict:
        """The translated template, for the defaults."""
        return templates.translated(self.template)


def rule(name: str):
    return importlib.import_module(f"{__name__}.{name}")


def complaints(project: Project, name: str) -> list[Complaint]:
    """What one rule says, each complaint once."""
    module = rule(name)
    if hasattr(module, "of_project"):
        return list(dict.fromkeys(module.of_project(project)))
    of_stacks = [(stack, set(module.of_stack(stack))) for stack in project.stacks]
    ordered = dict.fromkeys(complaint for stack in project.stacks for complaint in module.of_stack(stack))
    return [
        (resource, sentence + _where([stack for stack, found in of_stacks if (resource, sentence) in found], project))
        for resource, sentence in ordered
    ]


def _where(among: list[stacks.Stack], project: Project) -> str:
    """The parameter values that all these stacks share and others do not have."""
    shared = []
    for name in project.stacks[0].chosen:
        values, all_values = ({stack.chosen[name] for stack in some} for some in (among, project.stacks))
        if len(values) == 1 < len(all_values):
            shared.append(f"{name}={next(iter(values))}")
    return f" (with {', '.join(shared)})" if shared else ""


def judged(project: Project) -> Iterator[tuple[str, list[Complaint]]]:
    for name in NAMES:
        yield name, complaints(project, name)
