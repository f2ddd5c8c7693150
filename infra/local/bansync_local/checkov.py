"""checkov on the stacks of production: `python -m bansync_local.checkov TEMPLATE`.

checkov knows what tends to be wrong with AWS resources; much of what it wants is not for this service. checkov.yaml says what is left as
it is, and why. Complaints without a reason fail, and so do reasons without a complaint: they are of the past.

checkov does not follow conditions and transforms, so it is given plain templates: of production's as few as show each resource
as any of them has it. It is installed in an environment of its own (requirements-checkov.txt).
"""

import argparse
import fnmatch
import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import yaml

from bansync_local import stack, template

ROOT = pathlib.Path(__file__).resolve().parents[3]
CHECKOV = ROOT / "target/local/venv-checkov/bin/checkov"
EXCEPTIONS = ROOT / "infra/local/checkov.yaml"

# (check, resource, what the check wants)
Failure = tuple[str, str, str]
# By check, by pattern of resources: the reason.
Exceptions = dict[str, dict[str, str]]


def failures(resources: list[dict], checkov: pathlib.Path = CHECKOV) -> list[Failure]:
    """What checkov says of these stacks, each complaint once."""
    with tempfile.TemporaryDirectory(prefix="bansync-checkov-") as folder:
        command = [checkov, "--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--soft-fail", "--output", "json"]
        for number, each in enumerate(resources):
            path = pathlib.Path(folder, f"{number}.json")
            path.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": each}))
            command += ["--file", path]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"checkov failed:\n{done.stdout}{done.stderr}")
    return list(dict.fromkeys(read(json.loads(done.stdout))))


def read(output) -> Iterator[Failure]:
    """checkov's JSON: a report, or a list of them."""
    for report in template.listed(output):
        for failed in report.get("results", {}).get("failed_checks", []):
            yield failed["check_id"], failed["resource"].rpartition(".")[2], failed["check_name"]


def complaints(found: list[Failure], exceptions: Exceptions) -> Iterator[str]:
    used = set()
    for check, resource, wanted in found:
        patterns = [pattern for pattern in exceptions.get(check, {}) if fnmatch.fnmatchcase(resource, pattern)]
        used |= {(check, pattern) for pattern in patterns}
        if not patterns:
            yield f"{check} {resource}: {wanted}"
    for check, patterns in exceptions.items():
        yield from (f"{check} {pattern}: the exception is needed by nothing" for pattern in patterns if (check, pattern) not in used)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bansync_local.checkov", description=__doc__)
    parser.add_argument("template", type=pathlib.Path)
    args = parser.parse_args(arguments)
    if not CHECKOV.is_file():
        sys.exit(f"{CHECKOV} is missing: install infra/local/requirements-checkov.txt into an environment.")
    production = stack.covering([made for made in stack.of_text(args.template.read_text()) if made.production])
    wrong = list(complaints(failures([made.resources for made in production]), yaml.safe_load(EXCEPTIONS.read_text())))
    print("".join(f"{sentence}\n" for sentence in wrong), end="")
    print(f"checkov: {len(wrong)} complaints without a reason")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
