"""How many AWS calls were made, by function, service and operation. Failed ones and retries count as well."""

import collections
import threading

from bansync_local.control.call import Call

_lock = threading.Lock()
_counts: collections.Counter[Call] = collections.Counter()


def count(call: Call) -> None:
    with _lock:
        _counts[call] += 1


def listed() -> dict:
    """`{"total": n, "calls": [{"function", "service", "operation", "count"}]}`; function null: not a function."""
    with _lock:
        rows = [
            {"function": call.function, "service": call.service, "operation": call.operation, "count": number}
            for call, number in sorted(_counts.items(), key=lambda row: str(row[0]))
        ]
    return {"total": sum(row["count"] for row in rows), "calls": rows}


def clear() -> dict:
    with _lock:
        _counts.clear()
    return {}
