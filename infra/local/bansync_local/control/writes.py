"""What a call of AWS writes, and where; and the writes that functions have made, for tests that kill a function after each of them.

A write is named by

- `resource`: the table, queue, bus, bucket or group of schedules that it goes to; of a transaction all its tables;
- `what`: of an item the kinds of its keys ("SYNC CHUNK" of `SYNC#1` and `CHUNK#2`), and how it is updated; of an event its type; empty where
  nothing tells one write from another.

Each event that is put is a write of its own, since others may be put along with it.
"""

import dataclasses
import json
import re
import threading
import urllib.parse

from bansync_local.control.call import Call

OPERATIONS = {
    "dynamodb": {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"},
    "sqs": {"SendMessage", "SendMessageBatch"},
    "events": {"PutEvents"},
    "scheduler": {"CreateSchedule", "UpdateSchedule", "DeleteSchedule"},
    "sns": {"Publish", "PublishBatch"},
    "s3": {"PutObject", "DeleteObject"},
}
# More than any story of a test has; a test that forgets to stop takes no more memory than these.
MOST = 20_000

_lock = threading.Lock()
_made: list[dict] | None = None


@dataclasses.dataclass(frozen=True)
class Write:
    resource: str
    what: str
    text: str


def is_write(call: Call) -> bool:
    return call.operation in OPERATIONS.get(call.service, ())


def read(call: Call, path: str, body: bytes) -> list[Write]:
    """What a call writes; nothing if it does not write. What cannot be read is a write to nowhere that is known: none is left out."""
    if not is_write(call):
        return []
    try:
        text = body.decode()
        if call.service == "events":
            return [Write(entry.get("EventBusName", "default"), entry["DetailType"], json.dumps(entry)) for entry in json.loads(body)["Entries"]]
        if call.service == "dynamodb":
            return [Write(*_items(call.operation, json.loads(body)), text)]
        return [Write(_PLACES[call.service](path, text), "", text)]
    except (ValueError, KeyError, AttributeError, IndexError, TypeError):
        # A packed body has no text.
        return [Write(path.split("/")[1] if call.service == "s3" else "", "", "")]


def _items(operation: str, parameters: dict) -> tuple[str, str]:
    """The tables that are written, and what."""
    if operation == "TransactWriteItems":
        parts = [next(iter(part.items())) for part in parameters["TransactItems"]]
        tables = dict.fromkeys(part["TableName"] for _, part in parts)
        return " ".join(tables), ", ".join(f"{verb} {_item(part)}" for verb, part in parts)
    if operation == "BatchWriteItem":
        requests = parameters["RequestItems"]
        items = [_item(item) for of_table in requests.values() for request in of_table for item in request.values()]
        return " ".join(requests), ", ".join(dict.fromkeys(items))
    return parameters["TableName"], _item(parameters)


def _item(parameters: dict) -> str:
    key = parameters.get("Key") or parameters.get("Item") or {}
    kinds = [key[name]["S"].partition("#")[0] for name in ("pk", "sk") if name in key]
    # A key that is an id alone is of no kind.
    kinds = dict.fromkeys(kind for kind in kinds if re.fullmatch("[A-Z_]+", kind))
    return " ".join([*kinds, *parameters.get("UpdateExpression", "").split()])


_PLACES = {
    "sqs": lambda _path, text: json.loads(text)["QueueUrl"].rpartition("/")[2],
    "scheduler": lambda _path, text: json.loads(text or "{}").get("GroupName", "default"),
    "sns": lambda _path, text: urllib.parse.parse_qs(text)["TopicArn"][0].rpartition(":")[2],
    "s3": lambda path, _text: path.split("/")[1],
}


def made(call: Call, writes: list[Write]) -> None:
    """A function's writes have taken effect."""
    with _lock:
        if _made is not None and call.function is not None and len(_made) < MOST:
            _made.extend({**dataclasses.asdict(call), **dataclasses.asdict(write)} for write in writes)


def are_recorded() -> bool:
    return _made is not None


def start() -> dict:
    """From now on writes are recorded, from nothing."""
    global _made
    with _lock:
        _made = []
    return {}


def stop() -> dict:
    global _made
    with _lock:
        _made = None
    return {}


def listed() -> list[dict]:
    """`[{"function", "service", "operation", "resource", "what", "text"}]` in the order in which they were made."""
    with _lock:
        return list(_made or [])
