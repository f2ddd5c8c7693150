import os
import queue
import subprocess
import threading
import unittest

from bansync_local.patches.output import Output
from tests.support import local_aws

# What it is asked to, it writes; the last line has no end.
SOURCE = """
import sys
def handle(lines):
    for number in range(lines):
        print(f"line {number}", flush=True)
    print("the end", end="", flush=True)
"""


def logged(machine, lines: int) -> list[str]:
    """What CloudWatch has of a function right after it has answered."""
    name = f"writes-{lines}"
    machine.function(name, SOURCE)
    machine.client("lambda").invoke(FunctionName=name, Payload=str(lines))
    events = machine.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return [event["message"] for event in events if event["message"].startswith("line ")]


class Pipe:
    """An `Output` and the end into which a process writes."""

    def __init__(self, case: unittest.TestCase, most: int = 100):
        reading, self.writing = os.pipe()
        self.output = Output(open(reading, "rb"), queue.Queue(most))
        case.addCleanup(self.output.pipe.close)

    def write(self, text: bytes) -> None:
        os.write(self.writing, text)


class OutputOfFunctions(unittest.TestCase):
    def test_all_that_was_written_before_the_answer_is_there_after_it(self):
        for lines in (1, 5000):
            self.assertEqual(logged(local_aws(), lines), [f"line {number}" for number in range(lines)])

    def test_what_is_written_is_there_at_once_and_a_line_when_it_has_ended(self):
        pipe = Pipe(self)
        pipe.write(b"one\r\ntw")
        self.assertEqual(pipe.output.take(), ["one"])
        pipe.write(b"o\n\xff\n")
        self.assertEqual(pipe.output.take(), ["two", "\N{REPLACEMENT CHARACTER}"])

    def test_the_end_of_a_process_ends_its_last_line_and_the_reading(self):
        pipe = Pipe(self)
        follower = threading.Thread(target=pipe.output.follow)
        follower.start()
        pipe.write(b"last words")
        os.close(pipe.writing)
        follower.join()
        self.assertEqual(pipe.output.take(), ["last words"])
        self.assertTrue(pipe.output.pipe.closed)
        self.assertTrue(pipe.output.read())

    def test_whoever_goes_on_writing_is_waited_for_no_longer_than_anybody(self):
        with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as process:
            try:
                output = Output(process.stdout, queue.Queue(10_000))
                threading.Thread(target=output.follow).start()
                self.assertEqual(set(output.take()) | {"y"}, {"y"})
            finally:
                process.kill()

    def test_of_too_many_lines_the_newest_are_kept(self):
        pipe = Pipe(self, most=2)
        pipe.write(b"one\ntwo\nthree\n")
        self.assertEqual(pipe.output.take(), ["two", "three"])
