"""What SAM makes of a function's events and policies works here without a patch of its own: one stack of all of it, and each event once."""

import json
import unittest

from tests.support import Stack, eventually, local_aws

# Keeps each event under the name of where it came from.
SOURCE = """
import boto3, json, os
table = boto3.client("dynamodb")
def handle(event, context):
    if "delete" in event:
        return table.delete_item(TableName=os.environ["TABLE"], Key={"pk": {"S": "x"}})
    source = event["source"] if "source" in event else event["Records"][0]["eventSource"]
    table.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": source}, "event": {"S": json.dumps(event)}})
    return {"batchItemFailures": []}
"""
QUEUE, FAILED = {"Fn::GetAtt": ["Queue", "Arn"]}, {"Fn::GetAtt": ["Failed", "Arn"]}
RETRIES = {"RetryPolicy": {"MaximumRetryAttempts": 8, "MaximumEventAgeInSeconds": 3600}, "DeadLetterConfig": {"Arn": FAILED}}
EVENTS = {
    "Detected": {"Type": "EventBridgeRule", "Properties": {"EventBusName": {"Ref": "Bus"}, "Pattern": {"source": ["bansync.bans"]}, **RETRIES}},
    "Hourly": {"Type": "Schedule", "Properties": {"Schedule": "cron(17 * * * ? *)", **RETRIES}},
    "Changes": {"Type": "DynamoDB", "Properties": {
        "Stream": {"Fn::GetAtt": ["Table", "StreamArn"]}, "StartingPosition": "TRIM_HORIZON", "MaximumRetryAttempts": 3,
        "FunctionResponseTypes": ["ReportBatchItemFailures"], "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": FAILED}},
        "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "ban "}]}}}})}]}}},
    "Chunks": {"Type": "SQS", "Properties": {
        "Queue": QUEUE, "ScalingConfig": {"MaximumConcurrency": 2}, "FunctionResponseTypes": ["ReportBatchItemFailures"]}},
}  # fmt: skip
TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}


def may(action: str) -> dict:
    statement = {"Effect": "Allow", "Action": action, "Resource": {"Fn::GetAtt": ["Table", "Arn"]}}
    return {"Version": "2012-10-17", "Statement": [statement]}


TEMPLATE = {
    "Transform": ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"],
    "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
    "Resources": {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": {"Fn::Sub": "${AWS::StackName}-bus"}}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}},
        "Failed": {"Type": "AWS::SQS::Queue"},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {**TABLE, "StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}},
        "Fn::ForEach::Tables": ["Name", ["Users", "Chats"], {"${Name}Table": {"Type": "AWS::DynamoDB::Table", "Properties": TABLE}}],
        "Writes": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": may("dynamodb:PutItem")}},
        "Work": {"Type": "AWS::Serverless::Function", "Properties": {
            "Runtime": "python3.11", "Handler": "index.handle", "InlineCode": SOURCE, "Timeout": 10,
            "Policies": [{"Ref": "Writes"}, may("dynamodb:GetItem")], "Events": EVENTS,
            "Environment": {"Variables": {
                "TABLE": {"Ref": "Table"}, "USERS": {"Ref": "UsersTable"}, "LENGTH": {"Fn::Length": ["a", "b"]},
                "TEXT": {"Fn::ToJsonString": {"a": [1]}}, "NEVER": {"Fn::If": ["Never", "x", {"Ref": "AWS::NoValue"}]}}},
        }},
    },
    "Outputs": {name: {"Value": {"Ref": name}} for name in ("Work", "Table", "Queue", "Bus", "UsersTable", "ChatsTable")},
}  # fmt: skip


class Sam(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(local_aws(), "sam")
        status = cls.stack.create(json.dumps(TEMPLATE))
        assert status == "CREATE_COMPLETE", cls.stack.reasons()
        cls.made = cls.stack.outputs()

    def client(self, service: str):
        return self.stack.machine.client(service)

    def assert_event(self, source: str) -> None:
        table, key = self.client("dynamodb"), {"pk": {"S": source}}
        self.assertTrue(eventually(lambda: table.get_item(TableName=self.made["Table"], Key=key).get("Item")), source)

    def test_a_rule_on_the_stack_s_own_bus(self):
        self.client("events").put_events(
            Entries=[{"EventBusName": self.made["Bus"], "Source": "bansync.bans", "DetailType": "ban.detected", "Detail": "{}"}]
        )
        self.assert_event("bansync.bans")

    def test_a_stream_with_a_filter(self):
        self.client("dynamodb").put_item(TableName=self.made["Table"], Item={"pk": {"S": "ban 1"}})
        self.assert_event("aws:dynamodb")

    def test_a_queue(self):
        self.client("sqs").send_message(QueueUrl=self.made["Queue"], MessageBody="x")
        self.assert_event("aws:sqs")

    def test_a_schedule_is_a_rule_with_its_retries_and_its_queue(self):
        events = self.client("events")
        [rule] = [rule for rule in events.list_rules()["Rules"] if rule["Name"].startswith("sam-WorkHourly")]
        [target] = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        self.assertEqual((rule["ScheduleExpression"], target["RetryPolicy"]["MaximumRetryAttempts"]), ("cron(17 * * * ? *)", 8))
        self.assertIn("Failed", target["DeadLetterConfig"]["Arn"])

    def test_a_managed_policy_gives_its_rights_and_no_others(self):
        answer = self.client("lambda").invoke(FunctionName=self.made["Work"], Payload=b'{"delete": 1}')
        self.assertIn("AccessDenied", answer["Payload"].read().decode())

    def test_a_loop_makes_resources_and_functions_become_values(self):
        configuration = self.client("lambda").get_function_configuration(FunctionName=self.made["Work"])
        variables = configuration["Environment"]["Variables"]
        self.assertEqual(variables["USERS"], self.made["UsersTable"])
        self.assertEqual((variables["LENGTH"], variables["TEXT"]), ("2", '{"a":[1]}'))
        self.assertNotIn("NEVER", variables)
