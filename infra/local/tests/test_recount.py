import gzip
import json
import unittest
from unittest import mock

from bansync_local import recount

BAN = {"event_id": {"S": "e"}, "user_id": {"N": "5"}}


class Tells(unittest.TestCase):
    def test_only_what_is_counted_is_sent_on(self):
        for item in (
            BAN,
            {"turn_id": {"S": "s"}},
            {"appeal_id": {"S": "a"}, "sync_id": {"S": "s"}},
            {"tries": {"N": "0"}, "chat_id": {"N": "-1"}, "sync_id": {"S": "s"}},
            {"plan": {"S": "p"}, "status": {"S": "running"}},
        ):
            self.assertTrue(recount.tells(item), item)
        for item in ({"subscription_id": {"S": "s"}}, {"of_sync": {"S": "s"}}, {"plan": {"S": "p"}}, {"appeal_id": {"S": "a"}}):
            self.assertFalse(recount.tells(item), item)


class Payloads(unittest.TestCase):
    def test_each_item_is_in_one_payload_and_none_is_too_large(self):
        items = [{**BAN, "reason": {"S": "x" * 1000}, "n": {"N": str(n)}} for n in range(50)]
        with mock.patch.object(recount, "MOST_BYTES", 10_000):
            made = list(recount.payloads(iter(items)))
        self.assertGreater(len(made), 4)
        self.assertLess(max(map(len, made)), 10_100)
        read = [json.loads(text) for text in made]
        self.assertEqual({wake["task"] for wake in read}, {"load"})
        found = [item for wake in read for item in wake["items"]]
        self.assertEqual(sorted(map(json.dumps, found)), sorted(map(json.dumps, items)))

    def test_items_of_a_day_and_a_chat_stand_together(self):
        made = [{"event_id": {"S": str(n)}, "event_timestamp": {"N": str(n % 3 * 86_400 + n)}, "chat_id": {"N": str(-(n % 2))}} for n in range(12)]
        (text,) = recount.payloads(made)
        days = [(int(item["event_timestamp"]["N"]) // 86_400, item["chat_id"]["N"]) for item in json.loads(text)["items"]]
        self.assertEqual(days, sorted(days))
        summary = {"plan": {"S": "p"}, "status": {"S": "failed"}, "started_at_ms": {"N": "172800000"}, "source_chat_id": {"N": "-7"}}
        self.assertEqual(recount.moment({**summary, "event_timestamp": {"N": "5"}, "at": {"N": "86400"}}), (1, "-7"))
        self.assertEqual(recount.moment(summary), (2, "-7"))

    def test_nothing_makes_none(self):
        self.assertEqual(list(recount.payloads([])), [])


class Archived(unittest.TestCase):
    def test_a_line_is_the_item_that_it_was(self):
        line = {"event_id": "e", "user_id": 5, "chat_id": -1, "event_type": "ban", "event_timestamp": 9, "tracked": True, "until": None}
        item = recount.archived(json.dumps(line))
        self.assertEqual((item["user_id"], item["event_type"], item["tracked"], item["until"]), ({"N": "5"}, {"S": "ban"}, {"BOOL": True}, {"NULL": True}))
        self.assertEqual(item["version"], {"N": "1"})

    def test_of_somebody_who_was_erased_there_is_no_id(self):
        for line in ('{"event_id": "e"}', '{"event_id": "e", "user_id": null}'):
            self.assertEqual(recount.archived(line)["user_id"], {"N": "0"})

    def test_objects_of_days_that_are_counted_are_read_and_none_before(self):
        s3 = mock.Mock()
        s3.get_paginator.return_value.paginate.return_value = [{"Contents": [{"Key": "bans/date=2026-01-01/a.jsonl.gz"}]}, {}]
        s3.get_object.return_value = {"Body": mock.Mock(read=lambda: gzip.compress(b'{"event_id": "a"}\n{"event_id": "b"}\n'))}
        with mock.patch.object(recount, "client", return_value=s3):
            items = list(recount.of_archive("attic", 1_800_000_000))
        self.assertEqual([item["event_id"]["S"] for item in items], ["a", "b"])
        asked = s3.get_paginator.return_value.paginate.call_args.kwargs
        self.assertEqual(asked["StartAfter"], "bans/date=2025-01-13")


class Counting(unittest.TestCase):
    def answers(self, *answers):
        made = [{**more, "Payload": mock.Mock(read=lambda body=body: body)} for body, more in answers]
        return mock.patch.object(recount, "client", return_value=mock.Mock(invoke=mock.Mock(side_effect=made)))

    @mock.patch.object(recount, "PAUSE", 0)
    def test_a_call_that_fails_is_made_again_and_in_the_end_it_is_said(self):
        failed = (b'{"errorMessage": "no"}', {"FunctionError": "Unhandled"})
        with self.answers(failed, (b'{"facts": 3}', {})):
            self.assertEqual(recount.call("collector", "{}"), {"facts": 3})
        with self.answers(*[failed] * recount.TRIES), self.assertRaisesRegex(RuntimeError, "collector"):
            recount.call("collector", "{}")

    def test_all_is_counted_and_then_days_are_closed_until_none_is_left(self):
        more = iter([True, False])

        def call(function, text):
            wake = json.loads(text)
            if wake["task"] == "close":
                return {"more": next(more)}
            return {"facts": len(wake["items"]), "unread": 1}

        with (
            mock.patch.object(recount, "of_table", side_effect=lambda name: iter([BAN] * 3)),
            mock.patch.object(recount, "of_archive", return_value=iter([])),
            mock.patch.object(recount, "call", side_effect=call),
        ):
            self.assertEqual(recount.recount({"tables": ["bans", "sync"], "bucket": "attic", "function": "collector"}), 6)
        self.assertIsNone(next(more, None))
