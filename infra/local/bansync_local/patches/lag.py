"""Reads may lag: BANSYNC_INDEX_LAG_MS, BANSYNC_TABLE_LAG_MS and BANSYNC_LAG_SEED, or `POST /_bansync/lag`.

DynamoDB brings a write to a table's indexes later, mostly within a fraction of a second (DynamoDB Developer Guide, "Data synchronization
between tables and global secondary indexes"). A read of the table that does not ask for consistency may not show it at once either
("Read consistency"). MiniStack reads all from the same items, so code that reads to learn what was just written passes here and fails there.

A Query or a Scan of an index sees each write after a delay between nothing and `milliseconds`; a GetItem, a BatchGetItem, a Query or a Scan
of the table, unless it asks for a consistent read, after a delay between nothing and `table_milliseconds`. The seed and the write's number
choose it, so that a run can be repeated. The states of one item come in their order, as there; those of different items in any. Nothing is
remembered while there is no lag.
"""

import os
import random
import time

_setting = {"milliseconds": 0.0, "seed": 0, "table_milliseconds": 0.0}
_number = 0


class Late:
    """Writes that some kind of reads does not show yet."""

    def __init__(self, milliseconds: str):
        self.milliseconds = milliseconds  # the setting's name
        # By TableId and key, as (monotonic second from which on it is seen, the item before or None).
        self.writes: dict[str, dict[tuple, list[tuple[float, dict | None]]]] = {}

    def remember(self, table: dict, key: tuple, before: dict | None) -> None:
        longest = _setting[self.milliseconds]
        if not longest:
            return
        seen = time.monotonic() + random.Random(f"{_setting['seed']}:{_number}").random() * longest / 1000
        writes = self.writes.setdefault(table["TableId"], {}).setdefault(key, [])
        # Never before the write that came before it.
        writes.append((max(seen, writes[-1][0]) if writes else seen, before))

    def past(self, table_id: str) -> list[tuple[tuple, dict | None]]:
        """The items of a table that such a read still finds otherwise, as it finds them; None: not at all."""
        now, items = time.monotonic(), self.writes.get(table_id, {})
        for key, writes in list(items.items()):
            while writes and writes[0][0] <= now:
                writes.pop(0)
            if not writes:
                del items[key]
        return [(key, writes[0][1]) for key, writes in items.items()]


_indexes, _tables = Late("milliseconds"), Late("table_milliseconds")


def settle(milliseconds: float, seed: int = 0, table_milliseconds: float = 0) -> dict:
    """Use this lag from now on; what lagged is seen at once. Returns the setting."""
    global _number
    lags = {"milliseconds": float(milliseconds), "table_milliseconds": float(table_milliseconds)}
    for name, lag in lags.items():
        if not 0 <= lag < float("inf"):
            raise ValueError(f"`{name}` counts from 0.")
    _setting.update(lags, seed=int(seed))
    _number = 0
    _indexes.writes.clear()
    _tables.writes.clear()
    return setting()


def setting() -> dict:
    return dict(_setting)


def apply() -> None:
    from ministack.services import dynamodb

    settle(
        os.environ.get("BANSYNC_INDEX_LAG_MS", 0), os.environ.get("BANSYNC_LAG_SEED", 0), os.environ.get("BANSYNC_TABLE_LAG_MS", 0)
    )  # fmt: skip
    set_item, remove_item = dynamodb._set_item, dynamodb._remove_item

    def set_lagging(table, partition, sort, item):
        before = set_item(table, partition, sort, item)
        _remember(table, (partition, sort), before)
        return before

    def remove_lagging(table, partition, sort):
        before = remove_item(table, partition, sort)
        if before is not None:
            _remember(table, (partition, sort), before)
        return before

    dynamodb._set_item, dynamodb._remove_item = set_lagging, remove_lagging
    for name, reads in (("_query", _of_one), ("_scan", _of_one), ("_get_item", _of_one), ("_batch_get_item", _of_several)):
        setattr(dynamodb, name, _reading_the_past(getattr(dynamodb, name), reads))


def _remember(table: dict, key: tuple, before: dict | None) -> None:
    global _number
    _number += 1
    if table.get("GlobalSecondaryIndexes"):
        _indexes.remember(table, key, before)
    _tables.remember(table, key, before)


def _of_one(data: dict) -> list[tuple[dict, Late]]:
    """Which table a request reads, and how late."""
    table = _named(data.get("TableName"))
    if table is None or data.get("ConsistentRead"):
        return []
    indexes = [index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])]
    return [(table, _indexes if data.get("IndexName") in indexes else _tables)]


def _of_several(data: dict) -> list[tuple[dict, Late]]:
    wanted = [(_named(name), of) for name, of in (data.get("RequestItems") or {}).items()]
    return [(table, _tables) for table, of in wanted if table is not None and not of.get("ConsistentRead")]


def _named(name: str | None) -> dict | None:
    from ministack.services import dynamodb

    return dynamodb._tables.get(dynamodb._normalize_table_name(name))


def _reading_the_past(read, reads):
    """`read` as it finds things by now: items whose present state it does not know are put back for the time of the read."""

    def read_late(data, *rest, **named):
        if not _indexes.writes and not _tables.writes:
            return read(data, *rest, **named)
        from ministack.services import dynamodb

        # The sweeps of expired items hold the lock, too.
        with dynamodb._lock:
            present = [
                (table, key, _put(table, key, before)) for table, late in reads(data) for key, before in late.past(table["TableId"])
            ]
            try:
                return read(data, *rest, **named)
            finally:
                for table, key, item in present:
                    _put(table, key, item)

    return read_late


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
