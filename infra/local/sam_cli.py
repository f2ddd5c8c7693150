"""What `sam local` makes of a template, as JSON: `venv-tools/bin/python sam_cli.py TEMPLATE [NAME=VALUE …] < ENV_JSON`.

Run with the Python of the SAM CLI's environment, by `bansync_local.sam_local`. Asks the classes behind `sam local start-api` and `sam local
invoke` (of the version in requirements-tools.txt), which need Docker only to run what they found. Standard input is the file that
`--env-vars` takes.
"""

import json
import logging
import pathlib
import sys

from samcli.commands.local.lib.local_lambda import LocalLambdaRunner
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider


def main() -> None:
    template, *overrides = sys.argv[1:]
    parameters = dict(override.split("=", 1) for override in overrides)
    # A template with loops is read only with `--language-extensions`; with it, `!Sub "…${Function.Arn}…"` is resolved too early, and
    # routes and authorizers that are written so are not understood (SAM CLI 1.170). So the switch is for templates that need it.
    loops = "Fn::ForEach" in pathlib.Path(template).read_text()
    stacks, _ = SamLocalStackProvider.get_stacks(template, parameter_overrides=parameters, language_extensions_enabled=loops)
    functions = SamFunctionProvider(stacks, ignore_code_extraction_warnings=True)
    runner = LocalLambdaRunner(None, functions, cwd=".", real_path=".", env_vars_values=json.load(sys.stdin))
    found = {
        "routes": [
            {"methods": route.methods, "path": route.path, "function": route.function_name, "authorizer": route.authorizer_name}
            for route in ApiProvider(stacks, cwd=".").routes
        ],
        # `start-api` and `invoke` give a container what this private method says.
        "environments": {function.name: runner._make_env_vars(function).resolve() for function in functions.get_all()},
    }
    # The last line: the SAM CLI prints advice about authorizers before.
    print(json.dumps(found))


if __name__ == "__main__":
    # It warns of routes and authorizers that it leaves out: those are what is looked for.
    logging.disable(logging.WARNING)
    main()
