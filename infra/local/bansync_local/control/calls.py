"""How many AWS calls were made, by function, service and operation. Failed ones and retries count as well.

Calls whose body contains a text (an id of a test's own) are counted apart once somebody asked for that: other tests' calls are none of them.
"""

import collections
import threading

from bansync_local.control.call import Call

_lock = threading.Lock()
_counts: collections.Counter[Call] = collections.Counter()
_watched: dict[str, collections.Counter[Call]] = {}


def count(call: Call, body: bytes) -> None:
    with _lock:
        _counts[call] += 1
        for text, counts in _watched.items():
            if text.encode() in body:
                counts[call] += 1


def watch(text: str) -> dict:
    """Count the calls whose body contains the text, from nothing."""
    with _lock:
        _watched[text] = collections.Counter()
    return {}


def listed(text: str | None = None) -> dict:
    """`{"total": n, "calls": [{"function", "service", "operation", "count"}]}`; function null: not a function.

    With a text: of the calls that `watch` has counted for it.
    """
    with _lock:
        if text is not None and text not in _watched:
            raise ValueError(f"Calls that contain {text!r} are not counted.")
        counts = _counts if text is None else _watched[text]
        rows = [
            {"function": call.function, "service": call.service, "operation": call.operation, "count": number}
            for call, number in sorted(counts.items(), key=lambda row: str(row[0]))
        ]
    return {"total": sum(row["count"] for row in rows), "calls": rows}


def clear() -> dict:
    """Begin anew, and watch for no text any more."""
    with _lock:
        _counts.clear()
        _watched.clear()
    return {}
