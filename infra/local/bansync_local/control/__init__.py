"""Endpoints for tests, under `/_bansync/` on the local AWS's own port.

| request | does |
|---|---|
| `POST /_bansync/faults` | adds a rule (or a list of rules) by which AWS calls fail, and answers the added ones: see `faults` |
| `GET /_bansync/faults` | the rules and how often each fired |
| `DELETE /_bansync/faults/ID` | forgets one rule |
| `DELETE /_bansync/faults` | forgets all rules |
| `GET /_bansync/calls` | AWS calls by function, service and operation: see `calls` |
| `DELETE /_bansync/calls` | starts counting from nothing |
| `POST /_bansync/calls?contains=TEXT` | from now on counts the calls whose body contains the text apart, from nothing |
| `GET /_bansync/calls?contains=TEXT` | those calls |
| `POST /_bansync/writes` | from now on records what functions write, from nothing: see `writes` |
| `GET /_bansync/writes` | what they have written, in order |
| `DELETE /_bansync/writes` | records no longer |
| `GET /_bansync/quiet` | whether anything is under way: see `quiet` |
| `GET /_bansync/permissions` | the permissions that functions have used: see `permissions` |
| `GET /_bansync/processes` | the running function processes: see `processes` |
| `POST /_bansync/lag` | index reads lag from now on, `{"milliseconds": 1000, "seed": 7}`, with `table_milliseconds` also reads of tables that
  ask for no consistency; 0: no longer. See the patch `lag` |
| `GET /_bansync/lag` | how much they lag |
| `GET /_bansync/mails` | what SNS would have mailed, the newest 1000: see the patch `mails` |
"""

import asyncio
import functools
import json
import urllib.parse

from bansync_local.control import calls, faults, permissions, processes, quiet, writes
from bansync_local.control.call import Call
from bansync_local.control.drop import Dropped, close_connection
from bansync_local.patches import lag, mails

PREFIX = "/_bansync/"


def install():
    """MiniStack as an ASGI application, behind the control endpoints, the counting and the faults."""
    from ministack import app as ministack
    from ministack.core.router import extract_access_key_id

    serve, dispatch = ministack.app, ministack._dispatch_service_request

    async def watched_dispatch(method, path, headers, body, query, request_id):
        call = Call.read(method, path, headers, body, query)
        calls.count(call, headers, body)
        written = functools.cache(lambda: writes.read(call, path, body))
        fault = faults.strike(call, body, written)
        if fault is not None and not fault.after_effect:
            return await failed(fault, headers, body, query, request_id)
        answer = await dispatch(method, path, headers, body, query, request_id)
        done = answer[0] < 300
        if done and writes.are_recorded():
            writes.made(call, written())
        if fault is None:
            return answer
        if fault.kill and not done:
            # A refused call has written nothing: the next one is meant.
            fault.take_back()
            return answer
        return await failed(fault, headers, body, query, request_id)

    async def failed(fault, headers, body, query, request_id):
        if fault.kill and not processes.kill(extract_access_key_id(headers, query)):
            fault.take_back()
        if fault.hang:
            await asyncio.sleep(fault.hang / 1000)
        if fault.drop or fault.hang or fault.kill:
            raise Dropped
        return fault.answer(headers, body, query, request_id)

    async def application(scope, receive, send):
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            return await _control(scope, receive, send)
        try:
            await serve(scope, receive, send)
        except Dropped:
            close_connection(send)

    permissions.watch()
    processes.watch()
    quiet.watch()
    ministack._dispatch_service_request = watched_dispatch
    return application


async def _control(scope, receive, send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    query = urllib.parse.parse_qs(scope["query_string"].decode())
    status, answer = _route(scope["method"], scope["path"].removeprefix(PREFIX), query, body)
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def _route(method: str, name: str, query: dict, body: bytes) -> tuple[int, object]:
    texts = query.get("contains", [])
    try:
        match method, name.split("/"):
            case "POST", ["faults"]:
                rules = json.loads(body)
                return 200, faults.add(rules if isinstance(rules, list) else [rules])
            case "GET", ["faults"]:
                return 200, faults.listed()
            case "DELETE", ["faults", number]:
                return 200, faults.remove(int(number))
            case "DELETE", ["faults"]:
                return 200, faults.clear()
            case "POST", ["calls"]:
                return 200, calls.watch(*texts)
            case "GET", ["calls"]:
                return 200, calls.listed(*texts)
            case "DELETE", ["calls"]:
                return 200, calls.clear()
            case "POST", ["writes"]:
                return 200, writes.start()
            case "GET", ["writes"]:
                return 200, writes.listed()
            case "DELETE", ["writes"]:
                return 200, writes.stop()
            case "GET", ["quiet"]:
                return 200, quiet.look(texts, float(query.get("within", [quiet.WITHIN])[0]), query.get("without", []))
            case "GET", ["permissions"]:
                return 200, permissions.listed()
            case "POST", ["lag"]:
                return 200, lag.settle(**json.loads(body))
            case "GET", ["lag"]:
                return 200, lag.setting()
            case "GET", ["mails"]:
                return 200, mails.listed()
            case "GET", ["processes"]:
                return 200, processes.listed()
    except (ValueError, TypeError) as error:
        return 400, {"message": str(error)}
    return 404, {"message": f"No control endpoint answers {method} {PREFIX}{name}."}
