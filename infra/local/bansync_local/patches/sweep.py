"""How often expired items are swept: BANSYNC_TTL_SWEEP_SECONDS (MiniStack: every 60 s, unchangeable).

MiniStack's own reaper looks at every item of every table while nobody else may: once a second that would be most of what the local AWS
does. Here what is written with an end in sight is remembered in the order of ends, and a sweep looks at no more than what is due. The
reaper goes on beside it, for what is written long before its end.
"""

import heapq
import itertools
import os
import threading
import time

from bansync_local.patches.ttl import REAPER

IN_SIGHT = 600.0  # seconds: local runs are short, and a year's items would only fill the memory


def apply() -> None:
    wanted = os.environ.get("BANSYNC_TTL_SWEEP_SECONDS")
    if not wanted:
        return
    from ministack.services import dynamodb

    ends, numbers = [], itertools.count()  # a heap; numbers, because tables have no order
    set_item = dynamodb._set_item

    def remembered(table, partition, sort, item):
        before = set_item(table, partition, sort, item)
        end = _end_of(table, item)
        if end is not None and end < time.time() + IN_SIGHT:
            heapq.heappush(ends, (end, next(numbers), table, partition, sort))
        return before

    def sweep() -> None:
        while True:
            time.sleep(float(wanted))
            now = time.time()
            with dynamodb._lock:
                while ends and ends[0][0] <= now:
                    _, _, table, partition, sort = heapq.heappop(ends)
                    item = table["items"].get(partition, {}).get(sort)
                    end = None if item is None else _end_of(table, item)
                    # It may have been given another end since, or none.
                    if end is not None and end <= now:
                        dynamodb._remove_item(table, partition, sort)

    dynamodb._set_item = remembered
    threading.Thread(target=sweep, daemon=True, name=REAPER).start()


def _end_of(table: dict, item: dict) -> float | None:
    """When an item expires, Unix seconds, where its table has a time to live."""
    from ministack.services import dynamodb

    _, _, _, region, account, _ = table["TableArn"].split(":", 5)
    setting = dynamodb._ttl_settings.get_scoped(account, region, table["TableName"])
    if not setting or setting.get("TimeToLiveStatus") != "ENABLED":
        return None
    try:
        return float(item[setting["AttributeName"]]["N"])
    except (KeyError, TypeError, ValueError):
        return None
