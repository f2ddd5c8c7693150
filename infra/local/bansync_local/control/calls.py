"""How many AWS calls were made, by function, service and operation. Failed ones and retries count as well; how many of them were retries is
told apart, as the SDKs say it themselves (header `amz-sdk-request`: "attempt=2; max=3").

Calls whose body contains a text (an id of a test's own) are counted apart once somebody asked for that: other tests' calls are none of them.
"""

import collections
import re
import threading

from bansync_local.control.call import Call

_ATTEMPT = re.compile(r"\battempt=(\d+)")
_lock = threading.Lock()
# With whether they are retries.
_counts: collections.Counter[tuple[Call, bool]] = collections.Counter()
_watched: dict[str, collections.Counter[tuple[Call, bool]]] = {}


def count(call: Call, headers: dict, body: bytes) -> None:
    attempt = _ATTEMPT.search(headers.get("amz-sdk-request", ""))
    counted = (call, attempt is not None and int(attempt[1]) > 1)
    with _lock:
        _counts[counted] += 1
        for text, counts in _watched.items():
            if text.encode() in body:
                counts[counted] += 1


def watch(text: str) -> dict:
    """Count the calls whose body contains the text, from nothing."""
    with _lock:
        _watched[text] = collections.Counter()
    return {}


def listed(text: str | None = None) -> dict:
    """`{"total": n, "calls": [{"function", "service", "operation", "count", "retries"}]}`; function null: not a function.

    With a text: of the calls that `watch` has counted for it.
    """
    with _lock:
        if text is not None and text not in _watched:
            raise ValueError(f"Calls that contain {text!r} are not counted.")
        counts = _counts if text is None else _watched[text]
        rows = [
            {
                "function": call.function, "service": call.service, "operation": call.operation,
                "count": counts[call, False] + counts[call, True], "retries": counts[call, True],
            }
            for call in sorted({call for call, _ in counts}, key=str)
        ]  # fmt: skip
    return {"total": sum(row["count"] for row in rows), "calls": rows}


def clear() -> dict:
    """Begin anew, and watch for no text any more."""
    with _lock:
        _counts.clear()
        _watched.clear()
    return {}
