import datetime
import json
import unittest

from bansync_local.patches import levels
from tests.support import eventually, local_aws

NOW = "2026-11-26T10:00:00.123456Z"


def line(level: str, **more) -> str:
    return json.dumps({"timestamp": NOW, "level": level, "message": f"a line of {level}", **more})


def metric(name: str, **more) -> str:
    """An embedded metric of now; `more` makes a log line of it that has a level."""
    now = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
    directive = {"Namespace": "Levels", "Dimensions": [[]], "Metrics": [{"Name": name}]}
    return json.dumps({"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, name: 1, **more})


def logged(machine, name: str, lines: list[str], config: dict, handle: str = "pass") -> list[str]:
    """What CloudWatch keeps of an invocation that prints the lines; at the end of it always one of level ERROR."""
    last = line("ERROR", message="the end")
    source = "\n".join(["def handle(event):", *(f"    print({text!r}, flush=True)" for text in [*lines, last]), f"    {handle}"])
    machine.function(name, source)
    service = machine.client("lambda")
    service.update_function_configuration(FunctionName=name, LoggingConfig=config)
    service.get_waiter("function_updated_v2").wait(FunctionName=name)
    logs = machine.client("logs")

    def messages():
        service.invoke(FunctionName=name, Payload=b"{}")
        try:
            return [event["message"] for event in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
        except logs.exceptions.ResourceNotFoundException:
            # The group is made with the first line.
            return []

    found = eventually(messages, lambda found: last in found)
    # It was called more than once where the lines came late, and each invocation has an id.
    of_platform = {text.split()[0]: text for text in reversed(found) if text.split()[0] in ("START", "END", "REPORT")}
    kept = [text for text in found if of_platform.get(text.split()[0], text) == text]
    return [text for text in dict.fromkeys(kept) if text != last]


def names_of_metrics(machine) -> set[str]:
    listed = machine.client("cloudwatch").list_metrics(Namespace="Levels")["Metrics"]
    return {metric["MetricName"] for metric in listed}


WARN = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "WARN"}


class Levels(unittest.TestCase):
    def test_without_the_patch_everything_is_kept(self):
        machine = local_aws("levels")
        printed = [line("INFO"), "plain text", metric("Kept")]
        kept = logged(machine, "unfiltered", printed, WARN)
        self.assertEqual([message for message in kept if message in printed], printed)
        self.assertEqual({message.split()[0] for message in kept} & {"START", "END", "REPORT"}, {"START", "END", "REPORT"})
        self.assertIn("Kept", names_of_metrics(machine))

    def test_with_the_patch_lines_below_the_level_are_dropped_and_so_are_those_without_one(self):
        printed = [line("INFO"), line("warn"), "plain text", '{"message": "no level"}', '{"level": "ERROR"}']
        self.assertEqual(logged(local_aws(), "filtered", printed, WARN), [line("warn")])

    def test_with_the_patch_a_metric_survives_by_level_and_timestamp_only(self):
        machine = local_aws()
        without, with_both = metric("Lost"), metric("Survives", level="WARN", timestamp=NOW)
        self.assertEqual(logged(machine, "metered", [without, with_both], WARN), [with_both])
        self.assertEqual(names_of_metrics(machine) & {"Lost", "Survives"}, {"Survives"})

    def test_at_the_level_info_a_metric_needs_neither(self):
        machine = local_aws()
        printed = [metric("AtInfo"), line("DEBUG")]
        config = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"}
        self.assertEqual(logged(machine, "metered-at-info", printed, config), printed[:1])
        self.assertIn("AtInfo", names_of_metrics(machine))

    def test_a_function_that_logs_text_is_not_filtered(self):
        kept = logged(local_aws(), "in-text", [line("DEBUG")], {"LogFormat": "Text"})
        self.assertEqual([message.split()[0] for message in kept if message != line("DEBUG")], ["START", "END", "REPORT"])

    def test_platform_lines_have_a_level_of_their_own(self):
        config = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "INFO"}
        kept = logged(local_aws(), "with-platform-lines", [], config)
        self.assertEqual([message.split()[0] for message in kept], ["START", "REPORT"])

    def test_the_report_of_an_invocation_that_failed_is_a_warning(self):
        kept = logged(local_aws(), "that-fails", [], WARN, handle="raise ValueError")
        self.assertEqual([message.split()[0] for message in kept], ["END", "REPORT"])

    def test_a_function_reads_its_level_from_the_environment(self):
        names = ("AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL")
        read = f"import os; raise ValueError([os.environ.get(name) for name in {names}])"
        machine = local_aws()
        logged(machine, "that-reads", [], WARN, handle=read)
        answer = machine.client("lambda").invoke(FunctionName="that-reads", Payload=b"{}")
        self.assertEqual(json.load(answer["Payload"])["errorMessage"], "['JSON', 'WARN']")

    def test_the_level_of_a_line(self):
        for text, level in {
            line("ERROR"): "ERROR",
            line("debug"): "DEBUG",
            line("FATAL", timestamp="2026-11-26T10:00:00+01:00"): "FATAL",
            line("NOTICE"): "INFO",
            line("ERROR", timestamp="yesterday"): "INFO",
            line("ERROR", timestamp=1700000000): "INFO",
            '{"level": "ERROR"}': "INFO",
            '["ERROR"]': "INFO",
            "ERROR": "INFO",
            "": "INFO",
        }.items():
            with self.subTest(text=text):
                self.assertEqual(levels.level_of(text), level)
