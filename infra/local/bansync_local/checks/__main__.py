"""Print the complaints of all rules; the exit status is 1 where there are any."""

import argparse
import pathlib
import sys

from bansync_local import checks


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bansync_local.checks", description=__doc__)
    parser.add_argument("template", type=pathlib.Path)
    parser.add_argument("--samconfig", type=pathlib.Path)
    parser.add_argument("--sources", type=pathlib.Path, nargs="*", default=[])
    args = parser.parse_args(arguments)
    found = 0
    sources = {str(path): path.read_text() for folder in args.sources for path in sorted(folder.rglob("*.rs"))}
    project = checks.Project(args.template.read_text(), args.samconfig.read_text() if args.samconfig else "", sources)
    for name, complaints in checks.judged(project):
        for resource, sentence in complaints:
            print(f"{name}: {resource}: {sentence}")
        if complaints:
            print(f"    → {checks.rule(name).ADVICE}")
        found += len(complaints)
    print(f"{len(checks.NAMES)} rules, {found} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
