"""A stack with data in it becomes that of a later version, which has a new table, a new index and other code: nothing is lost."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from tests.support import BOOTSTRAP, PACKAGE_ROOT, eventually, local_aws

TEMPLATE = (PACKAGE_ROOT.parents[1] / "template.yaml").read_text()
STACK = "upgraded"
PARAMETERS = {"Stage": "local", "Architecture": "x86_64"}

NEW_TABLE = """
  NewTable:
    Type: AWS::DynamoDB::Table
    Properties:
      {BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: pk, AttributeType: S}], KeySchema: [{AttributeName: pk, KeyType: HASH}]}

Outputs:
  TableNew: {Value: !Ref NewTable}
"""
# One in one update: CloudFormation takes no more a table.
INDEXES_OF_SUBSCRIPTIONS = "        - {IndexName: by_source, KeySchema: [{AttributeName: source_key, KeyType: HASH}"
NEW_INDEX = "        - {IndexName: by_chat_alone, KeySchema: [{AttributeName: chat_key, KeyType: HASH}], Projection: {ProjectionType: KEYS_ONLY}}\n"
# A row of each table that has keys of its own: the other tables have these or fewer.
ITEM = {"pk": {"S": "OF#1"}, "sk": {"S": "SUB#1"}, "chat_key": {"S": "CHAT#-1"}, "follower_key": {"S": "OF#1"}}


class Upgrades(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for function in {line.split("/")[-2] for line in TEMPLATE.splitlines() if "CodeUri:" in line}:
            (self.folder / "code" / function).mkdir(parents=True)

    def deploy(self, template: str, word: str) -> dict[str, str]:
        """The outputs of the stack, deployed with functions that say `word`."""
        for function in (self.folder / "code").iterdir():
            (function / "bootstrap").write_text(f"#!{sys.executable}\ndef handle(event): return {word!r}\n{BOOTSTRAP}")
        path = self.folder / "template.yaml"
        path.write_text(template)
        request = {
            "stack": STACK, "template": str(path), "code": str(self.folder / "code"), "parameters": PARAMETERS,
            "secrets": {"bot-token": "1:x", "webhook-secret": "x"}, "first_secrets": {"jwt-keys": "{}"},
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "bansync_local.deploy"], input=json.dumps(request), capture_output=True, text=True,
            cwd=PACKAGE_ROOT, env={**os.environ, "AWS_ENDPOINT_URL": local_aws().endpoint},
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def says(self, function: str) -> str:
        return json.load(local_aws().client("lambda").invoke(FunctionName=function)["Payload"])

    def test_a_new_table_a_new_index_and_other_code_leave_what_is_there(self):
        dynamodb, sqs = local_aws().client("dynamodb"), local_aws().client("sqs")
        before = self.deploy(TEMPLATE, "old")
        self.assertEqual(self.says(before["FunctionRightsMonitor"]), "old")
        for table in ("TableSubscriptions", "TableUsers", "TableSync", "TableNotifications", "TableAuth"):
            dynamodb.put_item(TableName=before[table], Item=ITEM)
        sqs.send_message(QueueUrl=before["QueueEventsDlq"], MessageBody="kept")

        self.assertEqual(TEMPLATE.count(INDEXES_OF_SUBSCRIPTIONS), 1)
        later = TEMPLATE.replace(INDEXES_OF_SUBSCRIPTIONS, NEW_INDEX + INDEXES_OF_SUBSCRIPTIONS).replace("\nOutputs:\n", NEW_TABLE)
        after = self.deploy(later, "new")
        self.assertEqual(before, {name: value for name, value in after.items() if name != "TableNew"})
        self.assertEqual(self.says(after["FunctionRightsMonitor"]), "new")
        for table in ("TableSubscriptions", "TableUsers", "TableSync", "TableNotifications", "TableAuth"):
            key = {name: ITEM[name] for name in ("pk", "sk")}
            self.assertEqual(dynamodb.get_item(TableName=after[table], Key=key, ConsistentRead=True)["Item"], ITEM, table)
        query = {"KeyConditionExpression": "chat_key = :chat", "ExpressionAttributeValues": {":chat": ITEM["chat_key"]}}
        found = dynamodb.query(TableName=after["TableSubscriptions"], IndexName="by_chat_alone", **query)
        self.assertEqual(found["Count"], 1)
        self.assertEqual(dynamodb.query(TableName=after["TableSubscriptions"], IndexName="by_chat", **query)["Count"], 1)
        # The streams have their readers, the queues their messages, and the new table is one.
        mappings = local_aws().client("lambda").list_event_source_mappings(FunctionName=after["FunctionRelay"])["EventSourceMappings"]
        self.assertEqual(len(mappings), 4)
        received = eventually(lambda: sqs.receive_message(QueueUrl=after["QueueEventsDlq"]).get("Messages"))
        self.assertEqual(received[0]["Body"], "kept")
        self.assertEqual(dynamodb.scan(TableName=after["TableNew"])["Count"], 0)
