import collections
import copy
import os
import unittest
import uuid
from unittest import mock

from bansync_local.patches import speed


class Speed(unittest.TestCase):
    def test_an_expression_is_parsed_once_and_its_tokens_are_the_callers_own(self):
        parse = mock.Mock(side_effect=str.split)
        tokens = speed.copies_of(speed.remembered(parse))
        tokens("a = b").clear()
        self.assertEqual(tokens("a = b"), ["a", "=", "b"])
        parse.assert_called_once_with("a = b")

    def test_a_policy_is_parsed_once_as_a_text_and_each_time_as_a_document(self):
        parse = mock.Mock(side_effect=lambda document: [document])
        parsed = speed.of_texts(parse)
        for document in ("{}", "{}", {}, {}):
            self.assertEqual(parsed(document), [document])
        self.assertEqual(parse.call_count, 3)

    def test_a_copy_shares_nothing_and_is_of_the_same_kind(self):
        nested = {"a": [{"b": "c"}], "n": None}
        copied = speed.deep_copy(nested)
        copied["a"][0]["b"] = "d"
        self.assertEqual(nested["a"][0]["b"], "c")
        items = collections.defaultdict(dict, {"p": {"s": {}}})
        self.assertIsInstance(speed.deep_copy(items), collections.defaultdict)
        self.assertEqual(speed.deep_copy(items), copy.deepcopy(items))

    def test_ids_need_no_system_call_and_differ(self):
        with mock.patch.object(os, "urandom", wraps=os.urandom) as system:
            os.urandom = speed.quick_random()
            ids = {uuid.uuid4() for _ in range(1000)}
        self.assertEqual((len(ids), {made.version for made in ids}), (1000, {4}))
        system.assert_called_once()
