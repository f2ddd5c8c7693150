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

# Calls at a time. Each has the function running once more.
AT_A_TIME = 4

# Days that are counted: as in shared/domain/src/analytics/mod.rs.
KEPT_DAYS = 732

Item = dict[str, dict]


def tells(item: Item) -> bool:
    """Does it tell of something that is counted? As `of_item` in shared/aws/src/facts.rs."""
    has = item.keys().__contains__
    return (
        has("event_id")
        or has("turn_of")
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
    event = {"user_id": 0, **json.loads(line), "version": 1, "expires_at": 0}
    return {name: attribute(value) for name, value in event.items()}


def attribute(value) -> dict:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"S": value} if isinstance(value, str) else {"NULL": True}


def payloads(items: collections.abc.Iterable[Item]) -> collections.abc.Iterator[str]:
    texts, size = [], 0
    for item in items:
        text = json.dumps(item)
        if texts and size + len(text) > MOST_BYTES:
            yield payload(texts)
            texts, size = [], 0
        texts.append(text)
        size += len(text) + 1
    if texts:
        yield payload(texts)


def payload(texts: list[str]) -> str:
    return '{"task":"load","items":[' + ",".join(texts) + "]}"


def count(function: str, text: str) -> dict:
    answer = client("lambda").invoke(FunctionName=function, Payload=text.encode())
    done = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise RuntimeError(f"{function}: {done}")
    return done


def recount(names: dict) -> int:
    """The number of facts that were counted."""
    total = 0
    sources = [(table, of_table(table)) for table in names["tables"]]
    sources.append(("the archive", of_archive(names["bucket"], time.time())))
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        for source, items in sources:
            facts = 0
            waiting: set[concurrent.futures.Future] = set()
            for text in payloads(items):
                waiting.add(pool.submit(count, names["function"], text))
                # No more of a table is held than is under way.
                if len(waiting) >= AT_A_TIME:
                    done, waiting = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
                    facts += sum(each.result()["facts"] for each in done)
            facts += sum(each.result()["facts"] for each in concurrent.futures.wait(waiting).done)
            print(f"{source}: {facts} facts", flush=True)
            total += facts
    return total


def main() -> None:
    try:
        print(f"{recount(json.loads(sys.stdin.read()))} facts in all")
    except (BotoCoreError, ClientError, RuntimeError) as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
