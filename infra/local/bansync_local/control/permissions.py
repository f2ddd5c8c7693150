"""Which permissions functions have used, so that tests can find those that no function needs."""

import functools
import threading

from bansync_local.control.call import function_of

_lock = threading.Lock()
_used: set[tuple[str, str, str]] = set()


def watch() -> None:
    """Remember each permission that a function asked for and was given."""
    from ministack.core import iam_evaluator

    enforce = iam_evaluator.enforce

    @functools.wraps(enforce)
    def watched(access_key, action, service, region, resource_arn="*", **named):
        denied = enforce(access_key, action, service, region, resource_arn=resource_arn, **named)
        function = None if denied else function_of(access_key)
        if function:
            with _lock:
                # Several resources of one call stand in one string: see the patch `parameters`.
                _used.update((function, action, resource) for resource in resource_arn.split(" "))
        return denied

    iam_evaluator.enforce = watched


def listed() -> list[dict]:
    """`[{"function", "action", "resource"}]`, each once, since the local AWS started."""
    with _lock:
        return [dict(zip(("function", "action", "resource"), used)) for used in sorted(_used)]
