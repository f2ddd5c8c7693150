"""Reads that lag."""

import os
import time
import unittest
from unittest import mock

from tests.support import LocalAws, local_aws
from tests.test_grants import unused
from tests.test_indexes import properties


class Lag(unittest.TestCase):
    def setUp(self):
        self.machine = local_aws()
        self.client, self.name = self.machine.client("dynamodb"), unused("lagging")
        self.client.create_table(TableName=self.name, **properties("a"))
        self.addCleanup(self.machine.control, "POST", "lag", {"milliseconds": 0})

    def lag(self, milliseconds: float, seed: int = 0, **more) -> None:
        self.machine.control("POST", "lag", {"milliseconds": milliseconds, "seed": seed, **more})

    def put(self, pk: str, version: int, a: str = "x") -> None:
        self.client.put_item(TableName=self.name, Item={"pk": {"S": pk}, "a": {"S": a}, "version": {"N": str(version)}})

    def indexed(self, a: str = "x", **more) -> dict[str, int]:
        """The versions of the items that the index has, by key."""
        answer = self.client.query(
            TableName=self.name, IndexName="by_a", KeyConditionExpression="a = :a", ExpressionAttributeValues={":a": {"S": a}}, **more
        )
        return {item["pk"]["S"]: int(item["version"]["N"]) for item in answer["Items"]}

    def scanned(self) -> int:
        return self.client.scan(TableName=self.name, IndexName="by_a")["Count"]

    def test_without_a_lag_an_index_is_exact(self):
        self.assertEqual(self.machine.control("GET", "lag"), {"milliseconds": 0, "seed": 0, "table_milliseconds": 0})
        self.put("p", 1)
        self.assertEqual(self.indexed(), {"p": 1})

    def test_an_index_sees_a_write_later_and_the_table_at_once(self):
        self.put("old", 1)
        self.lag(3_600_000)
        self.put("new", 1)
        self.put("old", 2)
        self.client.update_item(TableName=self.name, Key={"pk": {"S": "old"}}, UpdateExpression="SET version = version + :one",
                                ExpressionAttributeValues={":one": {"N": "1"}})  # fmt: skip
        self.assertEqual((self.indexed(), self.scanned()), ({"old": 1}, 1))
        self.client.delete_item(TableName=self.name, Key={"pk": {"S": "old"}})
        self.assertEqual(self.indexed(), {"old": 1})
        self.assertEqual(self.client.scan(TableName=self.name)["Count"], 1)
        self.assertNotIn("Item", self.client.get_item(TableName=self.name, Key={"pk": {"S": "old"}}))
        self.lag(0)
        self.assertEqual(self.indexed(), {"new": 1})

    def test_an_item_moves_to_another_key_of_the_index_in_one_step(self):
        self.put("p", 1)
        self.lag(300)
        self.put("p", 2, a="y")
        seen = set()
        end = time.monotonic() + 1
        while time.monotonic() < end:
            seen.add((tuple(self.indexed("x").items()), tuple(self.indexed("y").items())))
        self.assertEqual(self.indexed("y"), {"p": 2})
        self.assertLessEqual(seen, {((("p", 1),), ()), ((), (("p", 2),)), ((("p", 1),), (("p", 2),))})

    def test_the_states_of_an_item_come_in_their_order_and_no_later_than_the_lag(self):
        self.lag(400)
        versions = []
        for version in range(30):
            self.put("p", version)
            versions.append(self.indexed().get("p", -1))
        last_written = time.monotonic()
        while versions[-1] != 29:
            asked = time.monotonic()
            versions.append(self.indexed().get("p", -1))
            if asked > last_written + 0.5:
                break
        self.assertEqual(versions, sorted(versions))
        self.assertEqual(versions[-1], 29)

    def test_a_seed_repeats_which_writes_are_late(self):
        def late(seed: int) -> set[str]:
            self.lag(0)
            self.client.delete_table(TableName=self.name)
            self.client.create_table(TableName=self.name, **properties("a"))
            self.lag(3_600_000, seed)
            for number in range(40):
                self.put(str(number), 1)
            return set(self.indexed())

        # Nothing comes within the moment that the test takes, but what hardly waits at all.
        first = late(7)
        self.assertLess(len(first), 10)
        self.assertLessEqual(len(first ^ late(7)), 2)

    def test_an_index_takes_no_consistent_read(self):
        with self.assertRaisesRegex(self.client.exceptions.ClientError, "Consistent reads are not supported on global secondary indexes"):
            self.indexed(ConsistentRead=True)

    def test_a_read_of_the_table_sees_a_write_later_unless_it_asks_for_consistency(self):
        keys = [{"pk": {"S": pk}} for pk in ("old", "gone", "new")]
        self.put("old", 1)
        self.put("gone", 1)
        self.lag(0, table_milliseconds=3_600_000)
        self.put("old", 2)
        self.put("new", 1)
        self.client.delete_item(TableName=self.name, Key=keys[1])

        def versions(**consistency) -> list[dict[str, int]]:
            '''By one read each, by one of all, and by queries.'''
            by_key = [self.client.get_item(TableName=self.name, Key=key, **consistency).get("Item") for key in keys]
            request = {self.name: {"Keys": keys, **consistency}}
            at_once = self.client.batch_get_item(RequestItems=request)["Responses"][self.name]
            found = []
            for key in keys:
                found += self.client.query(
                    TableName=self.name, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": key["pk"]}, **consistency
                )["Items"]
            return [{item["pk"]["S"]: int(item["version"]["N"]) for item in items if item} for items in (by_key, at_once, found)]

        self.assertEqual(versions(), [{"old": 1, "gone": 1}] * 3)
        self.assertEqual(versions(ConsistentRead=True), [{"old": 2, "new": 1}] * 3)
        self.assertEqual(self.indexed(), {"old": 2, "new": 1}, "an index lags by itself")
        self.lag(0)
        self.assertEqual(versions(), [{"old": 2, "new": 1}] * 3)

    def test_a_misspelt_setting_is_refused(self):
        for setting in ({"millis": 5}, {"milliseconds": -1}, {"milliseconds": "many"}, {"milliseconds": 0, "table_milliseconds": -1}):
            self.assertEqual(self.machine.request("POST", "/_bansync/lag", setting)[0], 400)

    def test_the_environment_sets_it(self):
        with mock.patch.dict(os.environ, BANSYNC_INDEX_LAG_MS="1000", BANSYNC_TABLE_LAG_MS="500", BANSYNC_LAG_SEED="7"):
            machine = LocalAws((), {})
        self.assertEqual(machine.control("GET", "lag"), {"milliseconds": 1000, "seed": 7, "table_milliseconds": 500})
