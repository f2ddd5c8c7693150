"""All that judges the template without deploying it: `python -m bansync_local.judge PROJECT`.

One process, because the stacks that the template makes are worked out once then, and that takes longer than most of the judging. Each
judge may also be asked alone. The first one with a complaint is the last.
"""

import pathlib
import sys
from collections.abc import Callable, Iterator

from bansync_local import checkov, moto, policies, sam_local, upgrade
from bansync_local.checks import __main__ as checks


def judges(project: pathlib.Path) -> Iterator[tuple[str, Callable[[], int | None]]]:
    """What is judged, and by what: the exit code of that, or the end of this process."""
    at = lambda name: str(project / name)  # noqa: E731
    template = at("template.yaml")
    yield "policies", lambda: not policies.main(["template", template])
    sources = ["--samconfig", at("samconfig.toml"), "--sources", at("functions"), at("shared")]
    yield "rules of AWS", lambda: checks.main([template, *sources])
    yield "upgrade", lambda: upgrade.main(["released", template, "--changelog", at("infra/CHANGELOG.md")])
    yield "sam local", lambda: sam_local.main([template])
    yield "checkov", lambda: checkov.main([template])
    yield "moto", lambda: moto.main([template])


def main(project: str) -> None:
    for name, judge in judges(pathlib.Path(project)):
        print(f"— {name}", flush=True)
        if judge():
            sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
