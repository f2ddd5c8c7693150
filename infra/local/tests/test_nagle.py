import time
import unittest

from tests.support import local_aws

DELAYED_ACKNOWLEDGEMENT = 0.040  # seconds; Linux's shortest


def typical_call(machine) -> float:
    """Seconds of a warm call (the median of many)."""
    machine.function("echo", "def handle(event):\n    return event")
    client, times = machine.client("lambda"), []
    for _ in range(40):
        start = time.perf_counter()
        client.invoke(FunctionName="echo", Payload=b"{}")
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


class Nagle(unittest.TestCase):
    def test_a_warm_call_waits_for_a_delayed_acknowledgement_only_without_the_patch(self):
        with_patch, without = typical_call(local_aws()), typical_call(local_aws("nagle"))
        self.assertGreater(without, DELAYED_ACKNOWLEDGEMENT)
        self.assertGreater(without - with_patch, DELAYED_ACKNOWLEDGEMENT / 2)
