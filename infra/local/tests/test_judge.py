import contextlib
import io
import unittest
from unittest import mock

from bansync_local import judge


class Judges(unittest.TestCase):
    def setUp(self):
        # What they print looks like the result of a suite.
        printed = contextlib.redirect_stdout(io.StringIO())
        printed.__enter__()
        self.addCleanup(printed.__exit__, None, None, None)

    def test_the_first_one_with_a_complaint_is_the_last_and_has_the_exit_code(self):
        good, silent, bad, after = (mock.Mock(return_value=code) for code in (0, None, 1, 0))
        self.assertEqual(judge.judged([("good", good, ["a"]), ("silent", silent, []), ("bad", bad, []), ("after", after, [])]), 1)
        good.assert_called_once_with(["a"])
        silent.assert_called_once()
        after.assert_not_called()
        self.assertEqual(judge.judged([("good", good, []), ("silent", silent, [])]), 0)

    def test_a_judge_that_ends_the_process_is_not_held_back(self):
        with self.assertRaises(SystemExit):
            judge.judged([("strict", mock.Mock(side_effect=SystemExit("no")), [])])

    def test_policies_with_a_complaint_are_one(self):
        with mock.patch("bansync_local.policies.of_text", return_value=[]), mock.patch("bansync_local.policies.Path"):
            for wrong, code in ({"Webhook": []}, 0), ({"Webhook": ["it may too much"]}, 1):
                with mock.patch("bansync_local.policies.of_stacks", return_value=wrong):
                    name, policies, arguments = judge.judges(judge.pathlib.Path("/nowhere"))[0]
                    self.assertEqual((name, policies(arguments)), ("policies", code))
