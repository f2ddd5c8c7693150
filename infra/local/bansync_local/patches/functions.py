"""Settings of a function in the template that MiniStack's CloudFormation drops.

It keeps `DeadLetterConfig` when the API sets it, so it is put where the API puts it. What the template no longer says is at its default
again. `concurrency` and `recursion` do the same for their own settings.

Numbers and booleans in `Environment` reach a function as text, as CloudFormation turns each value into its property's type; MiniStack
cannot start a function that has some.

SAM names the version `$LATEST` in a function's `EventInvokeConfig`. On AWS that is the function without a version; MiniStack tells of it
only to those who name the version as well.

A function URL without `AuthType`, which CloudFormation's schema requires, is refused. SAM makes one of a `FunctionUrlConfig` that is an
Fn::If: it does not look into the branches.
"""

import functools

from bansync_local.patches import resources


def apply() -> None:
    from ministack.services import lambda_svc

    resources.after("AWS::Lambda::Function", _settle)
    resources.before("AWS::Lambda::Url", _require_type)
    read = lambda_svc._event_invoke_config

    @functools.wraps(read)
    def of_latest(function, qualifier):
        return read(function, qualifier) or (read(function, "$LATEST") if not qualifier else None)

    lambda_svc._event_invoke_config = of_latest


def _require_type(_url: str | None, properties: dict) -> None:
    if "AuthType" not in properties:
        raise ValueError("Properties validation failed for the resource with message:\n#: required key [AuthType] not found")


def _settle(name: str, properties: dict) -> None:
    from ministack.services import lambda_svc

    function = lambda_svc._functions[name]
    variables = function["config"]["Environment"].get("Variables") or {}
    function["config"]["Environment"]["Variables"] = {key: _text(value) for key, value in variables.items()}
    if queue := properties.get("DeadLetterConfig"):
        function["config"]["DeadLetterConfig"] = queue
    else:
        function["config"].pop("DeadLetterConfig", None)


def _text(value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
