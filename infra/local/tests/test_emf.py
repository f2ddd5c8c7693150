import datetime
import json
import unittest

from bansync_local.patches import emf
from tests.support import eventually, local_aws

LINE = {
    "_aws": {
        "Timestamp": 1_700_000_000_000,
        "CloudWatchMetrics": [
            {
                "Namespace": "Bansync",
                "Dimensions": [["Function"]],
                "Metrics": [{"Name": "Handled", "Unit": "Count"}],
            }
        ],
    },
    "Function": "worker",
    "Handled": 3,
}


def metric_of_a_printed_line(machine) -> float:
    """What CloudWatch knows after a function printed LINE."""
    now = datetime.datetime.now(datetime.UTC)
    line = {**LINE, "_aws": {**LINE["_aws"], "Timestamp": int(now.timestamp() * 1000)}}
    machine.function("meter", f"def handle(event):\n    print({json.dumps(line)!r}, flush=True)")
    invoke, cloudwatch = machine.client("lambda").invoke, machine.client("cloudwatch")

    def read():
        invoke(FunctionName="meter", Payload=b"{}")
        points = cloudwatch.get_metric_statistics(
            Namespace="Bansync", MetricName="Handled", Dimensions=[{"Name": "Function", "Value": "worker"}],
            StartTime=now - datetime.timedelta(minutes=5), EndTime=now + datetime.timedelta(minutes=5),
            Period=60, Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip
        return sum(point["Sum"] for point in points)

    return eventually(read, seconds=3)


class Emf(unittest.TestCase):
    def test_without_the_patch_a_printed_metric_is_only_a_log_line(self):
        self.assertEqual(metric_of_a_printed_line(local_aws("emf")), 0)

    def test_with_the_patch_it_is_a_metric(self):
        self.assertGreaterEqual(metric_of_a_printed_line(local_aws()), 3)

    def test_a_line_without_dimensions_and_with_many_values_is_read(self):
        directive = {"Namespace": "N", "Metrics": [{"Name": "M"}]}
        line = {"_aws": {"Timestamp": 1000, "CloudWatchMetrics": [directive]}, "M": [1, 2]}
        self.assertEqual(emf.read(json.dumps(line)), [("N", "M", {}, 1.0, "None", [1.0, 2.0])])

    def test_other_lines_are_none(self):
        for line in ("", "plain", '{"message": "x"}'):
            self.assertEqual(emf.read(line), [])
