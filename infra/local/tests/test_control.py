import json
import os
import signal
import time
import unittest

import botocore.config
import botocore.exceptions
import boto3

from tests.support import eventually, local_aws

PUTTER = """
import boto3
def handle(event):
    boto3.client("sqs").list_queues()
"""


class Faults(unittest.TestCase):
    def setUp(self):
        self.aws = local_aws()
        self.addCleanup(self.aws.control, "DELETE", "faults")

    def client(self, service: str):
        """A client that does not retry, so that one fault is one error."""
        return boto3.client(
            service, endpoint_url=self.aws.endpoint, region_name="us-east-1", aws_access_key_id="test",
            aws_secret_access_key="test", config=botocore.config.Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip

    def code(self, call) -> str | None:
        try:
            call()
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        except botocore.exceptions.ConnectionClosedError:
            return "dropped"

    def test_a_fault_has_the_shape_of_the_service_s_protocol(self):
        cases = [
            ("dynamodb", lambda client: client.list_tables()),
            ("sqs", lambda client: client.list_queues()),
            ("events", lambda client: client.list_event_buses()),
            ("sns", lambda client: client.list_topics()),
            ("s3", lambda client: client.list_buckets()),
            ("lambda", lambda client: client.list_functions()),
            ("scheduler", lambda client: client.list_schedules()),
        ]
        for service, call in cases:
            with self.subTest(service):
                self.aws.control("POST", "faults", {"service": service, "status": 503, "code": "Injected"})
                self.assertEqual(self.code(lambda: call(self.client(service))), "Injected")
                self.aws.control("DELETE", "faults")
                self.assertIsNone(self.code(lambda: call(self.client(service))))

    def test_a_rule_strikes_only_what_it_names_as_often_as_it_says(self):
        rule = {"service": "dynamodb", "operation": "ListTables", "times": 2, "every": 2}
        self.aws.control("POST", "faults", rule)
        client = self.client("dynamodb")
        self.assertIsNone(self.code(client.describe_limits))
        failed = [self.code(client.list_tables) is not None for _ in range(6)]
        self.assertEqual(failed, [False, True, False, True, False, False])
        [listed] = self.aws.control("GET", "faults")
        self.assertEqual((listed["matched"], listed["fired"]), (6, 2))

    def test_a_rule_strikes_only_calls_whose_body_contains_its_text(self):
        self.aws.control("POST", "faults", {"service": "sqs", "operation": "SendMessage", "contains": "-1001"})
        client = self.client("sqs")
        url = client.create_queue(QueueName="contained")["QueueUrl"]
        nested = json.dumps({"detail": json.dumps({"chat_id": -1001})})
        self.assertIsNotNone(self.code(lambda: client.send_message(QueueUrl=url, MessageBody=nested)))
        self.assertIsNone(self.code(lambda: client.send_message(QueueUrl=url, MessageBody="-1002")))

    def test_a_rule_is_taken_back_by_its_id_and_others_stay(self):
        service = {"service": "sqs", "operation": "ListQueues"}
        [mine] = self.aws.control("POST", "faults", service)
        [other] = self.aws.control("POST", "faults", {**service, "code": "Other"})
        self.aws.control("DELETE", f"faults/{mine['id']}")
        self.assertEqual([rule["id"] for rule in self.aws.control("GET", "faults")], [other["id"]])
        self.assertEqual(self.code(self.client("sqs").list_queues), "Other")
        self.aws.control("DELETE", f"faults/{mine['id']}")

    def test_a_dropped_connection_has_no_answer(self):
        self.aws.control("POST", "faults", {"service": "sqs", "drop": True, "times": 1})
        self.assertEqual(self.code(self.client("sqs").list_queues), "dropped")
        self.assertIsNone(self.code(self.client("sqs").list_queues))

    def test_a_call_that_hangs_has_no_answer_either_and_may_have_taken_effect(self):
        queues = lambda: self.client("sqs").list_queues(QueueNamePrefix="hung").get("QueueUrls", [])  # noqa: E731
        for after_effect, there in [(False, 0), (True, 1)]:
            rule = {"service": "sqs", "operation": "CreateQueue", "hang": 300, "after_effect": after_effect, "times": 1}
            self.aws.control("POST", "faults", rule)
            began = time.monotonic()
            self.assertEqual(self.code(lambda: self.client("sqs").create_queue(QueueName="hung")), "dropped")
            self.assertGreaterEqual(time.monotonic() - began, 0.3)
            self.assertEqual(len(queues()), there)

    def test_a_misspelt_rule_is_refused(self):
        status, _, text = self.aws.request("POST", "/_bansync/faults", {"sevice": "sqs"})
        self.assertEqual(status, 400)
        self.assertIn("sevice", text)


class Functions(unittest.TestCase):
    def test_calls_are_counted_by_function_and_faults_can_name_one(self):
        machine = local_aws()
        machine.function("counted", PUTTER)
        machine.control("DELETE", "calls")
        self.addCleanup(machine.control, "DELETE", "faults")
        invoke = machine.client("lambda").invoke
        self.assertNotIn("FunctionError", invoke(FunctionName="counted", Payload=b"{}"))
        rows = machine.control("GET", "calls")["calls"]
        self.assertIn({"function": "counted", "service": "sqs", "operation": "ListQueues", "count": 1, "retries": 0}, rows)
        machine.control("POST", "faults", {"function": "counted", "status": 400, "code": "AccessDenied"})
        self.assertIn("FunctionError", invoke(FunctionName="counted", Payload=b"{}"))
        machine.client("sqs").list_queues()

    def test_calls_that_contain_a_text_are_counted_apart(self):
        machine = local_aws()
        client = machine.client("sqs")
        self.assertEqual(machine.request("GET", "/_bansync/calls?contains=nobody-asked")[0], 400)
        machine.control("POST", "calls?contains=apart-7")
        for name in ("apart-7", "apart-8"):
            client.create_queue(QueueName=name)
        row = {"function": None, "service": "sqs", "operation": "CreateQueue", "count": 1, "retries": 0}
        self.assertEqual(machine.control("GET", "calls?contains=apart-7"), {"total": 1, "calls": [row]})
        machine.control("POST", "calls?contains=apart-7")
        self.assertEqual(machine.control("GET", "calls?contains=apart-7")["total"], 0)

    def test_calls_that_an_sdk_makes_again_are_counted_as_retries(self):
        machine = local_aws()
        machine.control("POST", "calls?contains=again-9")
        [rule] = machine.control("POST", "faults", {"service": "sqs", "contains": "again-9", "times": 1})
        self.addCleanup(machine.control, "DELETE", f"faults/{rule['id']}")
        machine.client("sqs").create_queue(QueueName="again-9")
        [row] = machine.control("GET", "calls?contains=again-9")["calls"]
        self.assertEqual((row["count"], row["retries"]), (2, 1))

    def test_a_function_s_process_is_found_and_its_death_is_survived(self):
        machine = local_aws()
        machine.function("mortal", "import os\ndef handle(event):\n    return os.getpid()")
        invoke = machine.client("lambda").invoke
        pid = int(invoke(FunctionName="mortal", Payload=b"{}")["Payload"].read())

        def listed():
            return [row["pid"] for row in machine.control("GET", "processes") if row["function"] == "mortal"]

        self.assertEqual(listed(), [pid])
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(eventually(listed, lambda pids: not pids), [])
        self.assertNotEqual(int(invoke(FunctionName="mortal", Payload=b"{}")["Payload"].read()), pid)


WRITER = """
import os
import boto3
def handle(event):
    for key in event["keys"]:
        boto3.client("dynamodb").put_item(TableName="written", Item={"pk": {"S": key}, "sk": {"S": "A#1"}}, **event.get("more", {}))
    return os.getpid()
"""


class Writes(unittest.TestCase):
    def setUp(self):
        self.machine = local_aws()
        self.addCleanup(self.machine.control, "DELETE", "faults")
        self.addCleanup(self.machine.control, "DELETE", "writes")
        self.table = self.machine.client("dynamodb")
        keys = ["pk", "sk"]
        self.table.create_table(
            TableName="written", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ["HASH", "RANGE"])],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        )  # fmt: skip
        self.addCleanup(self.table.delete_table, TableName="written")

    def invoke(self, name: str, **event):
        return self.machine.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())

    def test_writes_of_functions_are_recorded_with_where_they_go_to_and_what_is_written(self):
        self.machine.function("writer", WRITER)
        self.machine.control("POST", "writes")
        self.table.put_item(TableName="written", Item={"pk": {"S": "C#1"}, "sk": {"S": "A#1"}})
        self.assertNotIn("FunctionError", self.invoke("writer", keys=["B#7"]))
        refused = self.invoke("writer", keys=["B#7"], more={"ConditionExpression": "attribute_not_exists(pk)"})
        self.assertIn("FunctionError", refused)
        [write] = self.machine.control("GET", "writes")
        self.assertEqual((write["function"], write["operation"]), ("writer", "PutItem"))
        self.assertEqual((write["resource"], write["what"]), ("written", "B A"))
        self.assertIn("B#7", write["text"])
        self.machine.control("DELETE", "writes")
        self.assertEqual(self.machine.control("GET", "writes"), [])

    def test_a_rule_names_a_write_and_kills_the_process_that_made_it(self):
        self.machine.function("victim", WRITER)
        before = int(self.invoke("victim", keys=[])["Payload"].read())
        rule = {"resource": "written", "what": "D A", "contains": ["D#1", "D#2"], "kill": True, "after_effect": True, "times": 1}
        self.machine.control("POST", "faults", rule)
        self.assertEqual(int(self.invoke("victim", keys=["B#1", "D#3"])["Payload"].read()), before)
        self.assertIn("FunctionError", self.invoke("victim", keys=["B#2", "D#2", "B#3"]))
        self.assertNotEqual(int(self.invoke("victim", keys=["D#1"])["Payload"].read()), before)
        [listed] = self.machine.control("GET", "faults")
        self.assertEqual(listed["fired"], 1)
        there = {item["pk"]["S"] for item in self.table.scan(TableName="written")["Items"]}
        self.assertEqual(there, {"B#1", "D#3", "B#2", "D#2", "D#1"}, "the write took effect, and nothing came after it")

    def test_what_is_refused_kills_nobody(self):
        self.machine.function("spared", WRITER)
        self.table.put_item(TableName="written", Item={"pk": {"S": "E#1"}, "sk": {"S": "A#1"}})
        self.machine.control("POST", "faults", {"what": "E A", "kill": True, "after_effect": True})
        self.assertIn("FunctionError", self.invoke("spared", keys=["E#1"], more={"ConditionExpression": "attribute_not_exists(pk)"}))
        [listed] = self.machine.control("GET", "faults")
        self.assertEqual(listed["fired"], 0)

    def test_each_event_that_is_put_is_a_write_of_its_own_and_a_transaction_names_all_its_tables(self):
        from bansync_local.control import writes
        from bansync_local.control.call import Call

        entries = [{"DetailType": kind, "EventBusName": "bus", "Detail": "{}"} for kind in ("a", "b")]
        body = json.dumps({"Entries": entries}).encode()
        found = writes.read(Call("events", "PutEvents", None), "/", body)
        self.assertEqual([(write.resource, write.what) for write in found], [("bus", "a"), ("bus", "b")])
        items = [{"Put": {"TableName": name, "Item": {"pk": {"S": "X#1"}}}} for name in ("one", "two")]
        [write] = writes.read(Call("dynamodb", "TransactWriteItems", None), "/", json.dumps({"TransactItems": items}).encode())
        self.assertEqual((write.resource, write.what), ("one two", "Put X, Put X"))
        self.assertEqual(writes.read(Call("dynamodb", "GetItem", None), "/", b"{}"), [])
