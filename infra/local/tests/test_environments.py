import json
import pathlib
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

from tests.support import eventually, local_aws

# At work it says so, and environments after that cannot start.
SOURCE = """
import pathlib, sys, time
mark = pathlib.Path("{mark}")
if mark.exists():
    sys.exit("cannot start")
def handle(seconds):
    mark.touch()
    time.sleep(seconds)
    return "done"
"""


def beside_one_that_cannot_start(machine) -> tuple[str, str]:
    """What an invocation answers while another one's environment fails, and what that one answers."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as threads:
        mark = pathlib.Path(folder, "mark")
        machine.function("fragile", SOURCE.format(mark=mark))

        def invoke(seconds: int) -> str:
            return machine.client("lambda").invoke(FunctionName="fragile", Payload=json.dumps(seconds))["Payload"].read().decode()

        at_work = threads.submit(invoke, 8)
        assert eventually(mark.exists)
        failing = threads.submit(invoke, 0).result()
        return at_work.result(), failing


class Environments(unittest.TestCase):
    def test_without_the_patch_the_one_at_work_is_killed(self):
        at_work, failing = beside_one_that_cannot_start(local_aws("environments"))
        self.assertIn("exited during init", failing)
        self.assertIn("Runtime exited", at_work)

    def test_with_the_patch_only_the_one_that_cannot_start_fails(self):
        at_work, failing = beside_one_that_cannot_start(local_aws())
        self.assertIn("exited during init", failing)
        self.assertEqual(json.loads(at_work), "done")
