"""How many global secondary indexes one update may create or delete."""

import json
import unittest

from tests.support import eventually, local_aws
from tests.test_grants import unused


def properties(*indexes: str, projection: str = "ALL") -> dict:
    return {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", *indexes)],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": f"by_{name}",
                "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": projection},
            }
            for name in indexes
        ],
    }


class OfStacks(unittest.TestCase):
    def updated(self, machine, before: dict, after: dict) -> tuple[str, str]:
        """The stack's status after the update, and why a resource failed."""
        name, cloudformation = unused("indexes"), machine.client("cloudformation")
        machine.deploy(name, {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": before}})
        template = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": after}}}
        cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(template))
        status = lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]  # noqa: E731
        done = eventually(status, lambda found: not found.endswith("IN_PROGRESS"))
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "UPDATE_FAILED"]
        return done, " ".join(failed)

    def test_without_the_patch_an_update_creates_two(self):
        self.assertEqual(self.updated(local_aws("indexes"), properties("a"), properties("a", "b", "c"))[0], "UPDATE_COMPLETE")

    def test_an_update_creates_or_deletes_one(self):
        one = "Cannot perform more than one GSI creation or deletion in a single update"
        cases = [
            (properties("a"), properties("a", "b"), None),
            (properties("a", "b"), properties("a"), None),
            (properties("a"), properties("a", "b", "c"), one),
            (properties("a", "b"), properties("a", "c"), one),
            (properties("a"), properties("a", projection="KEYS_ONLY"), "Cannot update GSI's properties other than Provisioned Throughput"),
            # Another table may have any.
            (properties("a"), {**properties("a", "b", "c"), "TableName": unused("indexed")}, None),
        ]
        for before, after, refusal in cases:
            with self.subTest(after=after, refusal=refusal):
                status, reason = self.updated(local_aws(), before, after)
                self.assertEqual(status, "UPDATE_ROLLBACK_COMPLETE" if refusal else "UPDATE_COMPLETE")
                self.assertIn(refusal or "", reason)


class OfCalls(unittest.TestCase):
    def test_a_call_creates_or_deletes_one(self):
        client, name = local_aws().client("dynamodb"), unused("indexes")
        client.create_table(TableName=name, **properties("a"))
        more = properties("a", "b", "c")
        creations = [{"Create": index} for index in more["GlobalSecondaryIndexes"][1:]]
        attributes = {"TableName": name, "AttributeDefinitions": more["AttributeDefinitions"]}
        with self.assertRaisesRegex(client.exceptions.LimitExceededException, "Only 1 online index can be created or deleted"):
            client.update_table(**attributes, GlobalSecondaryIndexUpdates=creations)
        for creation in creations:
            client.update_table(**attributes, GlobalSecondaryIndexUpdates=[creation])
        self.assertEqual(len(client.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"]), 3)
