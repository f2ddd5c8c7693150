"""Settings of a function in the template that MiniStack's CloudFormation drops.

It keeps each of them when the API sets it, so they are put where the API puts them: `ReservedConcurrentExecutions`, `RecursiveLoop`
(Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops") and `DeadLetterConfig`. What the template no
longer says is at its default again.

SAM names the version `$LATEST` in a function's `EventInvokeConfig`. On AWS that is the function without a version; MiniStack tells of it
only to those who name the version as well.
"""

import functools

from bansync_local.patches import resources


def apply() -> None:
    from ministack.services import lambda_svc

    resources.after("AWS::Lambda::Function", _settle)
    read = lambda_svc._event_invoke_config

    @functools.wraps(read)
    def of_latest(function, qualifier):
        return read(function, qualifier) or (read(function, "$LATEST") if not qualifier else None)

    lambda_svc._event_invoke_config = of_latest


def _settle(name: str, properties: dict) -> None:
    from ministack.services import lambda_svc

    function = lambda_svc._functions[name]
    reserved = properties.get("ReservedConcurrentExecutions")
    function["concurrency"] = None if reserved is None else int(reserved)
    function["recursive_loop"] = properties.get("RecursiveLoop", "Terminate")
    if queue := properties.get("DeadLetterConfig"):
        function["config"]["DeadLetterConfig"] = queue
    else:
        function["config"].pop("DeadLetterConfig", None)
