import unittest

from tests.support import local_aws

GROUP = "shared"


def streams(machine) -> list[str]:
    """The names, without dates, of the log streams after two calls of a function that writes to a shared group."""
    machine.function("talker", "def handle(event):\n    print('hello', flush=True)")
    machine.client("lambda").update_function_configuration(FunctionName="talker", LoggingConfig={"LogGroup": GROUP})
    for _ in range(2):
        machine.client("lambda").invoke(FunctionName="talker", Payload=b"{}")
    found = machine.client("logs").describe_log_streams(logGroupName=GROUP)["logStreams"]
    return [stream["logStreamName"].rpartition("/")[2] for stream in found]


class Streams(unittest.TestCase):
    def test_without_the_patch_a_stream_does_not_tell_its_function(self):
        self.assertTrue(all(name.startswith("[$LATEST]") for name in streams(local_aws("streams"))))

    def test_with_the_patch_it_does_and_holds_every_line(self):
        machine = local_aws()
        self.assertEqual(streams(machine), ["talker[$LATEST]"])
        events = machine.client("logs").filter_log_events(logGroupName=GROUP)["events"]
        self.assertEqual([event["message"].strip() for event in events].count("hello"), 2)
