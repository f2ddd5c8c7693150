"""All that judges the template without deploying it: `python -m bansync_local.judge PROJECT`.

One process, because the stacks that the template makes are worked out once then, and that takes longer than most of the judging. Each
judge may also be asked alone. The first one with a complaint is the last.
"""

import pathlib
import sys
from collections.abc import Callable, Iterable

from bansync_local import checkov, moto, policies, sam_local, upgrade
from bansync_local.checks import __main__ as checks

# What is judged, by what, and of what. A judge returns an exit code, or ends the process with one.
Judge = tuple[str, Callable[[list[str]], int | None], list[str]]


def judges(project: pathlib.Path) -> list[Judge]:
    def at(name: str) -> str:
        return str(project / name)

    template = at("template.yaml")
    return [
        ("policies", policies.main, ["template", template]),
        ("rules of AWS", checks.main, [template, "--samconfig", at("samconfig.toml"), "--sources", at("functions"), at("shared")]),
        ("upgrade", upgrade.main, ["released", template, "--changelog", at("infra/CHANGELOG.md")]),
        ("sam local", sam_local.main, [template]),
        ("checkov", checkov.main, [template]),
        ("moto", moto.main, [template]),
    ]


def judged(all_judges: Iterable[Judge]) -> int:
    for name, judge, arguments in all_judges:
        print(f"— {name}", flush=True)
        if code := judge(arguments):
            return code
    return 0


if __name__ == "__main__":
    sys.exit(judged(judges(pathlib.Path(sys.argv[1]))))
