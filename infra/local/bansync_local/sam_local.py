"""Whether `sam local` understands the template: `python -m bansync_local.sam_local TEMPLATE [--env-vars FILE]`.

The SAM CLI reads templates by rules of its own, and leaves out silently what it does not understand: a route whose function it cannot name
is not served, a route whose authorizer it cannot name is open, and a variable of the `--env-vars` file that the template does not declare
is dropped (SAM CLI 1.170, `EnvironmentVariables.resolve`). Needs no Docker: it is asked what it would run (sam_cli.py).

Without `--env-vars`, a file is made up that gives each variable of each function a value.
"""

import argparse
import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator

from bansync_local import stack
from bansync_local.routes import ANY_METHOD, routes

ROOT = pathlib.Path(__file__).resolve().parents[3]
PYTHON = ROOT / "target/local/venv-tools/bin/python"
SCRIPT = ROOT / "infra/local/sam_cli.py"
# Where functions that `sam local` runs find the local AWS; in the cloud the template leaves it out.
ENDPOINT = "AWS_ENDPOINT_URL"
# A machine of a developer has them anyway; without, the SAM CLI asks for them.
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}


def asked(path: pathlib.Path, parameters: dict[str, str], variables: dict[str, dict[str, str]], python: pathlib.Path = PYTHON) -> dict:
    """What the SAM CLI finds in the template, with an `--env-vars` file."""
    command = [python, SCRIPT, path, *(f"{name}={value}" for name, value in parameters.items())]
    done = subprocess.run(command, input=json.dumps(variables), env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"The SAM CLI refuses the template:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def made_up(made: stack.Stack) -> dict[str, dict[str, str]]:
    """A value for each variable, and for the one that only local runs have."""
    return {
        name: {variable: f"{name}.{variable}" for variable in [*variables(properties), ENDPOINT]} for name, properties in made.functions()
    }


def variables(function: dict) -> dict:
    return function.get("Environment", {}).get("Variables", {})


def complaints(made: stack.Stack, values: dict[str, dict[str, str]], found: dict) -> Iterator[str]:
    served = {(method, route["path"]): route for route in found["routes"] for method in route["methods"]}
    for route in routes(made):
        # The SAM CLI knows `ANY` as each of the methods, but for the default route.
        method = ANY_METHOD.upper() if route.key == "$default" else route.method.replace("ANY", "GET")
        one = served.get((method, route.path))
        if one is None or one["function"] is None:
            yield f"{route.resource}: {route.key} is not served: its function is not understood"
        elif one["function"] != route.function:
            yield f"{route.resource}: {route.key} is served by {one['function']}, not by {route.function}"
        elif route.protected and one["authorizer"] is None:
            yield f"{route.resource}: {route.key} is open: its authorizer is not understood"
    for name, properties in made.functions():
        environment = found["environments"].get(name)
        if environment is None:
            yield f"{name}: the function is not found"
            continue
        given = values.get("Parameters", {}) | values.get(name, {})
        for variable, value in given.items():
            if environment.get(variable) != value:
                yield f"{name}: {variable} is not passed on: the template does not declare it"
        for variable, value in environment.items():
            if value == "" and variable not in given and variable in variables(properties):
                yield f"{name}: {variable} resolves to nothing"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bansync_local.sam_local", description=__doc__)
    parser.add_argument("template", type=pathlib.Path)
    parser.add_argument("--env-vars", type=pathlib.Path)
    args = parser.parse_args(arguments)
    if not PYTHON.is_file():
        sys.exit("The SAM CLI is missing: run `cargo xtask setup`.")
    wrong, stacks = {}, stack.of_text(args.template.read_text())
    # Production's are not run here.
    for made in stack.covering([made for made in stacks if not made.production] or stacks):
        values = json.loads(args.env_vars.read_text()) if args.env_vars else made_up(made)
        wrong |= dict.fromkeys(complaints(made, values, asked(args.template, made.chosen, values)))
    print("".join(f"{sentence}\n" for sentence in wrong), end="")
    print(f"sam local: {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
