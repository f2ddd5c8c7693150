"""Reads of a global secondary index may lag: BANSYNC_INDEX_LAG_MS and BANSYNC_INDEX_LAG_SEED, or `POST /_bansync/lag`.

DynamoDB brings a write to a table's indexes later, mostly within a fraction of a second (DynamoDB Developer Guide, "Data synchronization
between tables and global secondary indexes"). MiniStack reads both from the same items, so code that reads an index to learn what was just
written passes here and fails there.

A Query or a Scan of an index sees each write after a delay between nothing and so many milliseconds. The seed and the write's number choose
it, so that a run can be repeated. The states of one item come in their order, as there; those of different items in any. Reads of the table
are exact. Nothing is remembered while there is no lag.
"""

import os
import random
import time

# Writes that an index does not show yet: by TableId and key, as (monotonic second from which on it is seen, the item before or None).
_writes: dict[str, dict[tuple, list[tuple[float, dict | None]]]] = {}
_milliseconds, _seed, _number = 0.0, 0, 0


def settle(milliseconds: float, seed: int = 0) -> dict:
    """Use this lag from now on; what lagged is seen at once. Returns the setting."""
    global _milliseconds, _seed, _number
    milliseconds, seed = float(milliseconds), int(seed)
    if not 0 <= milliseconds < float("inf"):
        raise ValueError("`milliseconds` counts from 0.")
    _milliseconds, _seed, _number = milliseconds, seed, 0
    _writes.clear()
    return setting()


def setting() -> dict:
    return {"milliseconds": _milliseconds, "seed": _seed}


def apply() -> None:
    from ministack.services import dynamodb

    settle(os.environ.get("BANSYNC_INDEX_LAG_MS", 0), os.environ.get("BANSYNC_INDEX_LAG_SEED", 0))
    set_item, remove_item = dynamodb._set_item, dynamodb._remove_item

    def set_lagging(table, partition, sort, item):
        before = set_item(table, partition, sort, item)
        if _milliseconds and table.get("GlobalSecondaryIndexes"):
            _remember(table, (partition, sort), before)
        return before

    def remove_lagging(table, partition, sort):
        before = remove_item(table, partition, sort)
        if _milliseconds and before is not None and table.get("GlobalSecondaryIndexes"):
            _remember(table, (partition, sort), before)
        return before

    dynamodb._set_item, dynamodb._remove_item = set_lagging, remove_lagging
    dynamodb._query, dynamodb._scan = _reading_the_past(dynamodb._query), _reading_the_past(dynamodb._scan)


def _remember(table: dict, key: tuple, before: dict | None) -> None:
    global _number
    _number += 1
    seen = time.monotonic() + random.Random(f"{_seed}:{_number}").random() * _milliseconds / 1000
    writes = _writes.setdefault(table["TableId"], {}).setdefault(key, [])
    # Never before the write that came before it.
    writes.append((max(seen, writes[-1][0]) if writes else seen, before))


def _reading_the_past(read):
    """`read` a global index as it is by now: items whose present state it does not know are put back for the time of the read."""

    def read_index(data):
        if not _writes or "IndexName" not in data:
            return read(data)
        from ministack.services import dynamodb

        table = dynamodb._tables.get(dynamodb._normalize_table_name(data.get("TableName")))
        if not table or all(index["IndexName"] != data["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])):
            return read(data)
        # The sweeps of expired items hold the lock, too.
        with dynamodb._lock:
            present = [(key, _put(table, key, before)) for key, before in _past(table["TableId"])]
            try:
                return read(data)
            finally:
                for key, item in present:
                    _put(table, key, item)

    return read_index


def _past(table_id: str) -> list[tuple[tuple, dict | None]]:
    """The items of a table that an index still knows otherwise, as it knows them; None: not at all."""
    now, items = time.monotonic(), _writes.get(table_id, {})
    for key, writes in list(items.items()):
        while writes and writes[0][0] <= now:
            writes.pop(0)
        if not writes:
            del items[key]
    return [(key, writes[0][1]) for key, writes in items.items()]


def _put(table: dict, key: tuple, item: dict | None) -> dict | None:
    """Exchange an item, and where indexes have it, without any trace of a write; the one before."""
    from ministack.services import dynamodb

    partition, sort = key
    before = table["items"].get(partition, {}).pop(sort, None)
    if before is not None:
        dynamodb._index_item(table, partition, sort, before, add=False)
    if item is not None:
        table["items"].setdefault(partition, {})[sort] = item
        dynamodb._index_item(table, partition, sort, item, add=True)
    elif not table["items"].get(partition, True):
        del table["items"][partition]
    return before
