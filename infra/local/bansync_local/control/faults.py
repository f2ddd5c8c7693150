"""AWS calls that fail by rule, so that tests can take a service down and bring it back without mocks.

A rule is JSON; a call must match all that it names, and the first rule that matches and is due strikes:

    {"service": "dynamodb", "operation": "PutItem", "function": "bansync-webhook",   what it matches; each may be left out
     "contains": "-1001234567",                                                      a text of the request's body: an id, in any protocol; or
                                                                                     a list, of which it has one
     "resource": "bansync-sync", "what": "SYNC CHUNK SET …",                         of a write: see `writes`
     "status": 500, "code": "InternalServerError",                                   the answer (these are the defaults)
     "drop": true,                                                                   or: no answer, the connection is reset
     "hang": 3000,                                                                   or: the same after so many milliseconds
     "kill": true,                                                                   or: none, the function's process that calls is killed
     "after_effect": true,                                                           the call is carried out, its answer lost
     "times": 3, "every": 2}                                                         at most 3 times; every 2nd match only

Beside what is called over HTTP: the bus and the scheduler call functions by Invoke of lambda, as the functions "events.amazonaws.com" and
"scheduler.amazonaws.com" (see the patch `delivery`).

A rule that kills after the effect leaves alone what AWS refused.

Each rule gets an `id`, by which whoever added it takes it back.
"""

import dataclasses
import itertools
import json
import threading
from xml.sax.saxutils import escape

from bansync_local.control.call import Call
from bansync_local.control.writes import Write

_lock = threading.Lock()
_rules: list["Rule"] = []
_ids = itertools.count(1)


@dataclasses.dataclass
class Rule:
    service: str | None = None
    operation: str | None = None
    function: str | None = None
    contains: str | list[str] | None = None
    resource: str | None = None
    what: str | None = None
    status: int = 500
    code: str = "InternalServerError"
    drop: bool = False
    hang: int = 0
    kill: bool = False
    after_effect: bool = False
    times: int | None = None
    every: int = 1
    id: int = dataclasses.field(default_factory=lambda: next(_ids))
    matched: int = 0
    fired: int = 0

    def matches(self, call: Call, body: bytes, written) -> bool:
        return (
            self.service in (None, call.service)
            and self.operation in (None, call.operation)
            and (self.function is None or call.function == self.function[:64])
            and (self._has(body.decode(errors="replace")) if self.resource is self.what is None else any(map(self._means, written())))
        )

    def _has(self, text: str) -> bool:
        texts = [self.contains] if isinstance(self.contains, str) else self.contains
        return texts is None or any(wanted in text for wanted in texts)

    def _means(self, write: Write) -> bool:
        return self.resource in (None, write.resource) and self.what in (None, write.what) and self._has(write.text)

    def due(self) -> bool:
        """Count one more match; true if it shall fail."""
        self.matched += 1
        if self.matched % self.every or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True

    def take_back(self) -> None:
        """It has not struck after all."""
        with _lock:
            self.matched -= 1
            self.fired -= 1

    def answer(self, headers: dict, body: bytes, query: dict, request_id: str) -> tuple[int, dict, bytes]:
        """The error in the shape of the protocol that the request speaks: JSON, Query (XML), REST."""
        message = "A fault injected by the test."
        common = {"x-amzn-requestid": request_id, "x-amzn-errortype": self.code}
        if "x-amz-target" in headers:
            kind = headers.get("content-type", "application/x-amz-json-1.0")
            # The SDK for SQS reads the code of the older Query protocol first.
            side = "Receiver" if self.status >= 500 else "Sender"
            common["x-amzn-query-error"] = f"{self.code};{side}"
            return self.status, {**common, "content-type": kind}, _json({"__type": self.code, "message": message})
        if "Action" in query or b"Action=" in body:
            error = f"<Error><Code>{escape(self.code)}</Code><Message>{message}</Message></Error>"
            text = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
            return self.status, {**common, "content-type": "text/xml"}, text.encode()
        if "/s3/" in headers.get("authorization", ""):
            text = f"<Error><Code>{escape(self.code)}</Code><Message>{message}</Message></Error>"
            return self.status, {**common, "content-type": "application/xml"}, text.encode()
        return self.status, {**common, "content-type": "application/json"}, _json({"message": message})


def _json(value: dict) -> bytes:
    return json.dumps(value).encode()


def strike(call: Call, body: bytes, written=list) -> Rule | None:
    """The rule by which this call fails, or None. `written()`: what it writes."""
    with _lock:
        return next((rule for rule in _rules if rule.matches(call, body, written) and rule.due()), None)


def add(rules: list[dict]) -> list[dict]:
    """Append rules and list them; a field that does not exist is refused, since a misspelt rule would silently match too much."""
    fields = {field.name for field in dataclasses.fields(Rule)} - {"id", "matched", "fired"}
    for rule in rules:
        if unknown := set(rule) - fields:
            raise ValueError(f"A fault has no field {', '.join(sorted(unknown))}; there are {', '.join(sorted(fields))}.")
    made = [Rule(**rule) for rule in rules]
    if any(rule.every < 1 for rule in made):
        raise ValueError("`every` counts from 1.")
    with _lock:
        _rules.extend(made)
    return [dataclasses.asdict(rule) for rule in made]


def listed() -> list[dict]:
    with _lock:
        return [dataclasses.asdict(rule) for rule in _rules]


def remove(number: int) -> list[dict]:
    """Forget the rule with this id; the others. One that is gone already is no error."""
    with _lock:
        _rules[:] = [rule for rule in _rules if rule.id != number]
    return listed()


def clear() -> list[dict]:
    with _lock:
        _rules.clear()
    return []
