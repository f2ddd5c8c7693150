import json
import unittest

from tests.support import Stack, eventually, local_aws

REFUSED = "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."


def template(protected: bool, fails=False, **more) -> str:
    signalled = {"Handle": {"Ref": "Nobody"}, "Timeout": 1, "Count": 1}
    broken = {"Type": "AWS::CloudFormation::WaitCondition", "DependsOn": "Kept", "Properties": signalled}
    failing = {"Nobody": {"Type": "AWS::CloudFormation::WaitConditionHandle"}, "Broken": broken}
    return json.dumps({
        "Resources": {
            "Kept": {"Type": "AWS::DynamoDB::Table", **more, "Properties": {
                "BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": protected,
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}},
            **(failing if fails else {}),
        },
        "Outputs": {"Kept": {"Value": {"Ref": "Kept"}}},
    })  # fmt: skip


class Protections(unittest.TestCase):
    def stack(self, machine=None) -> Stack:
        return Stack(machine or local_aws(), f"protections-{self._testMethodName.replace('_', '-')}"[:60])

    def deleted(self, stack: Stack) -> str:
        """The status of a stack after its deletion was asked for."""
        identifier = stack.described()["StackId"]
        stack.cloudformation.delete_stack(StackName=stack.name)

        def status() -> str:
            return stack.cloudformation.describe_stacks(StackName=identifier)["Stacks"][0]["StackStatus"]

        return eventually(status, lambda found: found.startswith("DELETE_") and not found.endswith("_IN_PROGRESS"))

    def test_without_the_patch_a_stack_takes_a_protected_table_along(self):
        stack = self.stack(local_aws("protections"))
        stack.create(template(True))
        self.assertEqual(self.deleted(stack), "DELETE_COMPLETE")

    def test_a_protected_table_stays_until_the_protection_is_lifted(self):
        stack = self.stack()
        self.assertEqual(stack.create(template(True)), "CREATE_COMPLETE", stack.reasons())
        dynamodb, name = stack.machine.client("dynamodb"), stack.outputs()["Kept"]
        with self.assertRaises(dynamodb.exceptions.ClientError) as raised:
            dynamodb.delete_table(TableName=name)
        self.assertEqual(raised.exception.response["Error"], {"Code": "ValidationException", "Message": REFUSED})
        self.assertEqual(self.deleted(stack), "DELETE_FAILED")
        self.assertIn(REFUSED, stack.reasons())
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        self.assertEqual(self.deleted(stack), "DELETE_COMPLETE")
        self.assertRaises(dynamodb.exceptions.ResourceNotFoundException, dynamodb.describe_table, TableName=name)

    def test_an_update_lifts_the_protection(self):
        stack = self.stack()
        stack.create(template(True))
        self.assertEqual(stack.update(template(False)), "UPDATE_COMPLETE", stack.reasons())
        self.assertEqual(self.deleted(stack), "DELETE_COMPLETE")

    def test_a_first_create_that_fails_cannot_be_rolled_back_past_a_protected_table(self):
        stack = self.stack()
        self.assertEqual(stack.create(template(True, fails=True, DeletionPolicy="RetainExceptOnCreate")), "ROLLBACK_FAILED")
        self.assertIn(REFUSED, stack.reasons())
