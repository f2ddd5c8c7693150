"""Has what the tables and the archive hold counted again: `python -m bansync_local.recount -`, with the deployment's names as JSON on standard input.

Reads every item, for which DynamoDB bills half a read unit each four kilobytes: this is for the day on which the table of analytics was lost, or on which
something new is counted. The function that counts gets the items that tell of something, page by page. What is counted already counts once, so it may be
stopped and begun again.
"""

import collections.abc
import concurrent.futures
import gzip
import json
import sys
import time

from botocore.exceptions import BotoCoreError, ClientError

from bansync_local.aws import client

# Items of a call: half of what a call's payload may have (Lambda quotas, "Invocation payload", 6 MB).
MOST_BYTES = 3_000_000

# Calls at a time. Each has the function running once more, and a new account runs ten at most.
AT_A_TIME = 2

# Tries of a call, and the seconds between them.
TRIES, PAUSE = 5, 3

# Bytes of items that are put in order at a time: facts of a day and of some chats are one item of the table.
IN_ORDER_BYTES = 200_000_000

# Days that are counted: as in shared/domain/src/analytics/mod.rs.
KEPT_DAYS = 732

Item = dict[str, dict]


def tells(item: Item) -> bool:
    """Does it tell of something that is counted? As `of_item` in shared/aws/src/facts.rs."""
    has = item.keys().__contains__
    return (
        has("event_id")
        or has("turn_id")
        or (has("appeal_id") and has("sync_id"))
        or (has("tries") and has("chat_id"))
        or (has("plan") and has("status"))
    )


def of_table(name: str) -> collections.abc.Iterator[Item]:
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=name)
    for page in pages:
        yield from filter(tells, page["Items"])


def of_archive(bucket: str, now: float) -> collections.abc.Iterator[Item]:
    s3 = client("s3")
    first = time.strftime("bans/date=%Y-%m-%d", time.gmtime(now - KEPT_DAYS * 86_400))
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="bans/", StartAfter=first):
        for entry in page.get("Contents", []):
            text = gzip.decompress(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()).decode()
            yield from map(archived, text.splitlines())


def archived(line: str) -> Item:
    """A line of the archive as the item that it was. Of somebody who was erased there is no id."""
    event = {**json.loads(line), "version": 1, "expires_at": 0}
    event["user_id"] = event.get("user_id") or 0
    return {name: attribute(value) for name, value in event.items()}


def attribute(value) -> dict:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"S": value} if isinstance(value, str) else {"NULL": True}


def moment(item: Item) -> tuple[int, str]:
    """The day of what an item tells of, and the chat: what stands together is stored together."""
    numbers = {name: int(item[name].get("N", 0)) for name in ("event_timestamp", "at", "started_at_ms") if name in item}
    at = numbers.get("at", numbers.get("event_timestamp", numbers.get("started_at_ms", 0) // 1000))
    return at // 86_400, next((item[name].get("N", "") for name in ("chat_id", "source_chat_id") if name in item), "")


def in_order(items: collections.abc.Iterable[Item]) -> collections.abc.Iterator[str]:
    """The items as JSON; as many as memory takes at a time by their day and chat."""
    waiting, size = [], 0
    for item in items:
        text = json.dumps(item)
        waiting.append((moment(item), text))
        size += len(text)
        if size > IN_ORDER_BYTES:
            yield from (text for _, text in sorted(waiting))
            waiting, size = [], 0
    yield from (text for _, text in sorted(waiting))


def payloads(items: collections.abc.Iterable[Item]) -> collections.abc.Iterator[str]:
    texts, size = [], 0
    for text in in_order(items):
        if texts and size + len(text) > MOST_BYTES:
            yield payload(texts)
            texts, size = [], 0
        texts.append(text)
        size += len(text) + 1
    if texts:
        yield payload(texts)


def payload(texts: list[str]) -> str:
    return '{"task":"load","items":[' + ",".join(texts) + "]}"


def call(function: str, text: str) -> dict:
    """What the function answers. Tried again: what was counted already counts once."""
    for left in reversed(range(TRIES)):
        answer = client("lambda").invoke(FunctionName=function, Payload=text.encode())
        done = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" not in answer:
            return done
        if left:
            time.sleep(PAUSE)
    raise RuntimeError(f"{function}: {done}")


def recount(names: dict) -> int:
    """The number of facts that were counted."""
    total = 0
    sources = [(table, of_table(table)) for table in names["tables"]]
    sources.append(("the archive", of_archive(names["bucket"], time.time())))
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        for source, items in sources:
            facts = unread = 0
            waiting: set[concurrent.futures.Future] = set()
            texts = payloads(items)
            while True:
                # No more of a table is held than is under way.
                while len(waiting) < AT_A_TIME and (text := next(texts, None)):
                    waiting.add(pool.submit(call, names["function"], text))
                if not waiting:
                    break
                done, waiting = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
                facts += sum(each.result()["facts"] for each in done)
                unread += sum(each.result()["unread"] for each in done)
            print(f"{source}: {facts} facts" + (f"; {unread} items cannot be read" if unread else ""), flush=True)
            total += facts
    # The facts of a day into one item.
    while call(names["function"], '{"task":"close"}')["more"]:
        pass
    return total


def main() -> None:
    try:
        print(f"{recount(json.loads(sys.stdin.read()))} facts in all")
    except (BotoCoreError, ClientError, RuntimeError) as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
