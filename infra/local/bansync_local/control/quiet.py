"""Whether anything is under way, so that a test can show that nothing comes of something without waiting for a while.

Under way is

- an event that a function has, or that is on its way to one asynchronously (retries and their pauses included);
- a message in a queue that a function reads, unless it is due later than `within` seconds from now; one that was received stays until it is
  deleted, be it at work or to be tried again;
- a record of a stream that a function has not taken yet, of those that pass its mapping's filter;
- a schedule that is due within that time;
- an event whose target could not be called and is to be called again.

With `contains` (one text or several: ids of a test's own people and chats) only what has one of them in its payload. An event that
comes over the bus counts whatever it contains: some name no more than the id of a sync. Messages that have one of the texts of `without` do
not count: those that come late and mostly find nothing to do.

Not seen: delays beyond `within`, rules that go by the clock, items that expire, dead letters (nobody takes them by themselves), and what
is not in AWS at all, such as updates that Telegram has still to deliver. Of a sync that is planned in parts, the records that lead from
one part to the next have none but the sync's id.
"""

import itertools
import json
import threading
import time
import types

from bansync_local.patches import delivery, stream
from bansync_local.patches.scope import owned_by

# Seconds. More than the time that a ban must stand before it is carried over.
WITHIN = 15.0
# A look takes a millisecond; as often one is tried again that something crossed.
TRIES = 50

_lock = threading.Lock()
_numbers = itertools.count(1)
_begun = 0  # calls and deliveries so far
_under_way: dict[int, tuple[str, dict, bool]] = {}


def watch() -> None:
    """Know of each call of a function, and of each event that is to reach one asynchronously."""
    from ministack.services import lambda_svc

    execute, invoke = lambda_svc._execute_function, lambda_svc.invoke_async_with_retry
    starting = threading.local()

    class Watched(threading.Thread):
        """A thread of MiniStack's; one that delivers an event lives until it is taken or given up."""

        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            self.delivery = getattr(starting, "delivery", None)

        def run(self):
            try:
                super().run()
            finally:
                _end(self.delivery)

    def watched_execute(function, event):
        number = _begin(f"a call of {_name(function)}", event)
        try:
            return execute(function, event)
        finally:
            _end(number)

    def watched_invoke(function, event):
        starting.delivery = _begin(f"an event for {_name(function)}", event, of_bus=True)
        try:
            invoke(function, event)
        except BaseException:
            _end(starting.delivery)
            raise
        finally:
            starting.delivery = None

    lambda_svc._execute_function, lambda_svc.invoke_async_with_retry = watched_execute, watched_invoke
    lambda_svc.threading = types.SimpleNamespace(**{**vars(threading), "Thread": Watched})


def _name(function: dict) -> str:
    return (function.get("config") or function).get("FunctionName", "a function")


def _begin(what: str, event: dict, of_bus: bool = False) -> int:
    global _begun
    number = next(_numbers)
    with _lock:
        _begun += 1
        _under_way[number] = (what, event, of_bus)
    return number


def _end(number: int | None) -> None:
    with _lock:
        _under_way.pop(number, None)


def look(texts: list[str] = (), within: float = WITHIN, without: list[str] = ()) -> dict:
    """`{"quiet": bool, "under_way": ["a call of …", …]}`.

    Work moves on from what a look has still to see to what it has seen only by a call or a delivery that begins meanwhile: then the look
    is none.
    """
    for _ in range(TRIES):
        before = _begun
        found = list(itertools.islice(_found(texts, within, without), 20))
        if found or before == _begun:
            return {"quiet": not found, "under_way": found}
    return {"quiet": False, "under_way": ["calls that begin all the time"]}


def _found(texts: list[str], within: float, without: list[str]):
    # Calls first: what a call leaves behind is there before it ends.
    with _lock:
        calls = list(_under_way.values())
    yield from (what for what, event, of_bus in calls if of_bus or _holds(event, texts))
    yield from (f"an event that {target} has not taken" for target in list(delivery.waiting.values()))
    yield from _in_sources(texts, within, without)
    yield from _scheduled(texts, within)


def _holds(payload, texts: list[str]) -> bool:
    if not texts:
        return True
    text = payload if isinstance(payload, str) else json.dumps(payload, default=str, ensure_ascii=False)
    return any(wanted in text for wanted in texts)


def _in_sources(texts: list[str], within: float, without: list[str]):
    """What waits where functions read: queues and streams."""
    from ministack.services import lambda_svc

    for account, region, mapping in lambda_svc._iter_all_esms():
        if not mapping.get("Enabled", True):
            continue
        source = mapping.get("EventSourceArn", "")
        with owned_by(account, region):
            if ":sqs:" in source:
                yield from _in_queue(source, texts, within, without)
            elif ":dynamodb:" in source:
                yield from _in_stream(mapping, texts)


def _in_queue(arn: str, texts: list[str], within: float, without: list[str]):
    from ministack.services import sqs

    with sqs._queues_lock:
        queue = sqs._queue_by_arn(arn)
        messages = list(queue["messages"]) if queue else []
    now, name = time.time(), arn.rpartition(":")[2]
    for message in messages:
        due_in = message["visible_at"] - now
        received = message.get("receive_count", 0)
        left_out = without and _holds(message["body"], without)
        if (received or due_in <= within) and _holds(message["body"], texts) and not left_out:
            yield f"a message in {name}, received {received} times, due in {max(due_in, 0):.1f} s"


def _in_stream(mapping: dict, texts: list[str]):
    from ministack.services import dynamodb, lambda_svc

    table = stream.table_of(mapping["EventSourceArn"])
    if table is None:
        return
    records = dynamodb.stream_records_since(table, stream.position(mapping, table), stream.LARGEST_BATCH)
    # Most looks find nothing, and the filter is the larger part of the work.
    records = [record for record in records if _holds(record, texts)]
    for record in lambda_svc._apply_filter_criteria(records, mapping) if records else []:
        yield f"a record of {table}, {record['eventName']} {json.dumps(record['dynamodb'].get('Keys'))}"


def _scheduled(texts: list[str], within: float):
    from ministack.services import scheduler

    for key, schedule in list(scheduler._schedules._data.items()):
        at = scheduler._at_time_epoch(schedule.get("ScheduleExpression", ""))
        # One that is to go after it has fired goes when its event is on its way.
        over = key in scheduler._schedule_last_fired and schedule.get("ActionAfterCompletion") != "DELETE"
        if at is not None and not over and at - time.time() <= within and _holds(schedule, texts):
            yield f"the schedule {key[-1]}"
