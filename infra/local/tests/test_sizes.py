"""What is too large or incomplete for a call, and the texts that say so."""

import json
import unittest

import boto3
import botocore.config
import botocore.exceptions

from tests.support import local_aws
from tests.test_grants import unused
from tests.test_indexes import properties

MIB = 1_048_576
ATTRIBUTE = {"k": {"DataType": "String", "StringValue": "v"}}  # 8 bytes with its name and its type
ECHO = "def handle(event):\n    return 'x' * event if isinstance(event, int) else None"


def event(size: int = 1, **more) -> dict:
    return {"Source": "s", "DetailType": "t", "Detail": json.dumps({"x": "y" * size}), **more}


class Sizes(unittest.TestCase):
    def client(self, machine, service: str):
        """A client that sends what it is told to."""
        config = botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        return boto3.client(
            service, endpoint_url=machine.endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
            config=config,
        )  # fmt: skip

    def error(self, client, operation: str, parameters: dict) -> str:
        """Code and text of the refusal; "" where there is none."""
        try:
            getattr(client, operation)(**parameters)
        except botocore.exceptions.ClientError as error:
            return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        return ""

    def check(self, service: str, operation: str, cases: list[tuple[dict, str]], **common) -> None:
        client = self.client(local_aws(), service)
        for parameters, refusal in cases:
            with self.subTest(operation, refusal=refusal):
                found = self.error(client, operation, {**common, **parameters})
                self.assertIn(refusal, found) if refusal else self.assertEqual(found, "")

    def test_without_the_patch_too_much_is_taken(self):
        machine = local_aws("sizes")
        queue, _ = machine.queue(unused("sizes"))
        machine.function("sizes", ECHO)
        cases = [
            ("events", "put_events", {"Entries": [event(MIB)]}),
            ("events", "put_events", {"Entries": []}),
            ("sqs", "send_message", {"QueueUrl": queue, "MessageBody": "x" * MIB, "MessageAttributes": ATTRIBUTE}),
            ("sqs", "send_message", {"QueueUrl": queue, "MessageBody": "x", "DelaySeconds": 901}),
            ("lambda", "invoke", {"FunctionName": "sizes", "Payload": json.dumps("x" * 6 * MIB)}),
            ("lambda", "invoke", {"FunctionName": "sizes", "Payload": json.dumps("x" * MIB), "InvocationType": "Event"}),
        ]
        for service, operation, parameters in cases:
            with self.subTest(service, operation=operation):
                self.assertEqual(self.error(self.client(machine, service), operation, parameters), "")
        incomplete = self.client(machine, "events").put_events(Entries=[{"Source": "s", "Detail": "{"}])
        self.assertEqual(incomplete["FailedEntryCount"], 0)

    def test_a_message(self):
        url, _ = local_aws().queue(unused("sizes"))
        characters, invalid = "InvalidMessageContents: ", "InvalidParameterValue: "
        long = f"{invalid}One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."
        late = f"{invalid}Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
        self.check("sqs", "send_message", [
            ({"MessageBody": "x" * MIB}, ""),
            ({"MessageBody": "x" * (MIB + 1)}, long),
            ({"MessageBody": "x" * (MIB - 8), "MessageAttributes": ATTRIBUTE}, ""),
            ({"MessageBody": "x" * (MIB - 7), "MessageAttributes": ATTRIBUTE}, long),
            ({"MessageBody": "\u20ac" * (MIB // 3 + 1)}, long),
            ({"MessageBody": "a\x0bb"}, characters),
            ({"MessageBody": "a\ufffeb"}, characters),
            ({"MessageBody": "a\t\U0001f600"}, ""),
            ({"MessageBody": ""}, "MissingParameter: The request must contain the parameter MessageBody."),
            ({"MessageBody": "x", "DelaySeconds": 900}, ""),
            ({"MessageBody": "x", "DelaySeconds": 901}, late),
        ], QueueUrl=url)  # fmt: skip
        waits = f"{invalid}Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."
        self.check("sqs", "receive_message", [({"WaitTimeSeconds": 21}, waits)], QueueUrl=url)
        beyond = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
        self.check("sqs", "change_message_visibility", [({"VisibilityTimeout": 43_201}, beyond)], QueueUrl=url, ReceiptHandle="x")

    def test_a_batch_of_messages(self):
        url, _ = local_aws().queue(unused("sizes"))

        def batch(*bodies: str, **more) -> dict:
            return {"Entries": [{"Id": str(number), "MessageBody": body, **more} for number, body in enumerate(bodies)]}

        long = "BatchRequestTooLong: Batch requests cannot be longer than 1048576 bytes. You have sent"
        self.check("sqs", "send_message_batch", [
            (batch("x" * (MIB // 2), "x" * (MIB // 2)), ""),
            (batch("x" * (MIB // 2), "x" * (MIB // 2 + 1)), f"{long} 1048577 bytes."),
            (batch("x" * (MIB // 2), "x" * (MIB // 2 - 8), MessageAttributes=ATTRIBUTE), f"{long} 1048584 bytes."),
            (batch(*"x" * 11), "TooManyEntriesInBatchRequest: "),
            ({"Entries": []}, "EmptyBatchRequest: "),
            ({"Entries": [{"Id": "1", "MessageBody": "x"}] * 2}, "BatchEntryIdsNotDistinct: "),
        ], QueueUrl=url)  # fmt: skip
        answer = self.client(local_aws(), "sqs").send_message_batch(QueueUrl=url, **batch("x", "\x01"))
        taken = [one["Id"] for one in answer["Successful"]]
        self.assertEqual((taken, answer["Failed"][0]["Code"]), (["0"], "InvalidMessageContents"))

    def test_events(self):
        over = "ValidationException: Total size of the entries in the request is over the limit."
        self.check("events", "put_events", [
            ({"Entries": [event(MIB - 20)]}, ""),
            ({"Entries": [event(MIB)]}, over),
            ({"Entries": [event(MIB // 2)] * 2}, over),
            ({"Entries": [event(Resources=["r"])] * 10}, ""),
            ({"Entries": [event()] * 11}, "ValidationException: 1 validation error detected: Value '11' at 'entries'"),
            ({"Entries": []}, "ValidationException: 1 validation error detected: Value '[]' at 'entries'"),
        ])  # fmt: skip

    def test_an_event_that_is_incomplete_fails_alone(self):
        entries = [event(), event(Source=""), event(DetailType=""), event(Detail=""), event(Detail="{"), event(Detail="[1]"), event()]
        answer = self.client(local_aws(), "events").put_events(Entries=entries)
        self.assertEqual(answer["FailedEntryCount"], 5)
        codes = ["", "InvalidArgument", "InvalidArgument", "InvalidArgument", "MalformedDetail", "MalformedDetail", ""]
        self.assertEqual([entry.get("ErrorCode", "") for entry in answer["Entries"]], codes)
        self.assertEqual([bool(entry.get("EventId")) for entry in answer["Entries"]], [not code for code in codes])
        self.assertEqual(answer["Entries"][1]["ErrorMessage"], "Parameter Source is not valid. Reason: Source is a required argument.")

    def test_a_payload(self):
        machine = local_aws()
        machine.function("sizes", ECHO)
        text = lambda size: {"Payload": json.dumps("x" * (size - 2))}  # noqa: E731
        asynchronous, large = {"InvocationType": "Event"}, "RequestEntityTooLargeException: "
        self.check("lambda", "invoke", [
            (text(6 * MIB), ""),
            (text(6 * MIB + 1), large + "Request must be smaller than 6291456 bytes for the InvokeFunction operation"),
            ({**text(MIB), **asynchronous}, ""),
            ({**text(MIB + 1), **asynchronous}, large + "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"),
        ], FunctionName="sizes")  # fmt: skip
        answer = machine.client("lambda").invoke(FunctionName="sizes", Payload=json.dumps(6 * MIB + 200))
        self.assertEqual(answer["FunctionError"], "Unhandled")
        self.assertEqual(json.loads(answer["Payload"].read())["errorType"], "Function.ResponseSizeTooLarge")

    def test_items(self):
        """MiniStack refuses these itself."""
        name, largest = unused("sizes"), 400 * 1024 - len("pk" "p" "v")
        client = self.client(local_aws(), "dynamodb")
        client.create_table(TableName=name, **properties("a"))
        key = lambda number=0: {"pk": {"S": f"{number}" if number else "p"}}  # noqa: E731
        value = lambda size: {**key(), "v": {"S": "x" * size}}  # noqa: E731
        empty = "The AttributeValue for a key attribute cannot contain an empty string value. "
        large = "ValidationException: Item size has exceeded the maximum allowed size"
        self.check("dynamodb", "put_item", [
            ({"Item": value(largest)}, ""),
            ({"Item": value(largest + 1)}, large),
            ({"Item": {"pk": {"S": ""}}}, f"{empty}Key: pk"),
            ({"Item": {**key(), "a": {"S": ""}}}, f"{empty}IndexName: by_a, IndexKey: a"),
            ({"Item": {"pk": {"S": "x" * 2049}}}, "Aggregated size of all hash keys has exceeded the size limit of 2048 bytes"),
        ], TableName=name)  # fmt: skip
        grown = "ValidationException: Item size to update has exceeded the maximum allowed size"
        self.check("dynamodb", "update_item", [
            ({"UpdateExpression": "SET w = :w", "ExpressionAttributeValues": {":w": {"S": "x"}}}, ""),
            ({"UpdateExpression": "SET w = :w", "ExpressionAttributeValues": {":w": {"S": "x" * (largest + 1)}}}, grown),
        ], TableName=name, Key=key(1))  # fmt: skip
        keys = lambda *numbers: {"RequestItems": {name: {"Keys": [key(number) for number in numbers]}}}  # noqa: E731
        duplicates = "ValidationException: Provided list of item keys contains duplicates"
        self.check("dynamodb", "batch_get_item", [
            (keys(*range(100)), ""), (keys(*range(101)), "ValidationException: "), (keys(1, 1), duplicates),
            (keys(), "ValidationException: "),
        ])  # fmt: skip
        puts = lambda *items: {"RequestItems": {name: [{"PutRequest": {"Item": item}} for item in items]}}  # noqa: E731
        self.check("dynamodb", "batch_write_item", [
            (puts(*map(key, range(25))), ""), (puts(*map(key, range(26))), "ValidationException: "), (puts(key(1), key(1)), duplicates),
            (puts(value(largest + 1)), large),
        ])  # fmt: skip
        transact = lambda *items: {"TransactItems": [{"Put": {"TableName": name, "Item": item}} for item in items]}  # noqa: E731
        self.check("dynamodb", "transact_write_items", [
            (transact(*map(key, range(100))), ""), (transact(*map(key, range(101))), "ValidationException: "),
            (transact(key(1), key(1)), "ValidationException: Transaction request cannot include multiple operations on one item"),
        ])  # fmt: skip

    def test_a_page_of_a_query_ends_at_a_megabyte(self):
        name, client = unused("sizes"), local_aws().client("dynamodb")
        client.create_table(TableName=name, **properties("a"))
        for number in range(4):
            client.put_item(TableName=name, Item={"pk": {"S": str(number)}, "a": {"S": "x"}, "v": {"S": "x" * 400_000}})
        query = {"IndexName": "by_a", "KeyConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "x"}}}
        page = client.query(TableName=name, **query)
        self.assertEqual((page["Count"], page["LastEvaluatedKey"]["pk"]), (2, {"S": "1"}))
