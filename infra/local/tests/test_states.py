"""Stacks whose first create fails: what is left of their tables, and what can be done with them."""

import json
import unittest

from tests.support import Stack, local_aws


def table(**more) -> dict:
    return {"Type": "AWS::DynamoDB::Table", **more, "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    }}  # fmt: skip


def template(policy, fails=True) -> str:
    """A table and a resource that fails after it; `LanguageExtensions` lets the policy depend on a condition."""
    signalled = {"Handle": {"Ref": "Nobody"}, "Timeout": 1, "Count": 1}
    broken = {"Type": "AWS::CloudFormation::WaitCondition", "DependsOn": "Kept", "Properties": signalled}
    failing = {"Nobody": {"Type": "AWS::CloudFormation::WaitConditionHandle"}, "Broken": broken}
    return json.dumps({
        "Transform": "AWS::LanguageExtensions",
        "Conditions": {"Always": {"Fn::Equals": ["a", "a"]}},
        "Resources": {"Kept": table(DeletionPolicy=policy, UpdateReplacePolicy="Retain"), **(failing if fails else {})},
        "Outputs": {"Kept": {"Value": {"Ref": "Kept"}}},
    })  # fmt: skip


class States(unittest.TestCase):
    def stack(self, machine=None) -> Stack:
        return Stack(machine or local_aws(), f"states-{self._testMethodName.replace('_', '-')}"[:60])

    def tables(self, stack: Stack) -> list[str]:
        return [name for name in stack.machine.client("dynamodb").list_tables()["TableNames"] if name.startswith(stack.name)]

    def failed(self, policy, machine=None) -> Stack:
        stack = self.stack(machine)
        self.assertEqual(stack.create(template(policy)), "ROLLBACK_COMPLETE", stack.reasons())
        return stack

    def refusal(self, call, *arguments, **named) -> str:
        with self.assertRaises(Exception) as raised:
            call(*arguments, **named)
        return str(raised.exception)

    def test_a_failed_create_leaves_what_is_retained_and_nothing_else(self):
        self.assertEqual(len(self.tables(self.failed("Retain"))), 1)

    def test_a_failed_create_leaves_nothing_that_is_retained_except_on_create(self):
        self.assertEqual(self.tables(self.failed({"Fn::If": ["Always", "RetainExceptOnCreate", "Delete"]})), [])

    def test_a_deleted_stack_leaves_what_is_retained_except_on_create(self):
        stack = self.stack()
        self.assertEqual(stack.create(template("RetainExceptOnCreate", fails=False)), "CREATE_COMPLETE", stack.reasons())
        stack.delete()
        self.assertEqual(len(self.tables(stack)), 1)

    def test_without_the_patch_a_stack_that_was_rolled_back_is_created_again(self):
        stack = self.failed("Delete", local_aws("states"))
        self.assertEqual(stack.create(template("Delete", fails=False)), "CREATE_COMPLETE")

    def test_a_stack_that_was_rolled_back_can_only_be_deleted(self):
        stack, good = self.failed("Delete"), template("Delete", fails=False)
        fixed = f"Stack:{stack.described()['StackId']} is in ROLLBACK_COMPLETE state and can not be updated."
        self.assertIn(fixed, self.refusal(stack.update, good))
        change = {"StackName": stack.name, "TemplateBody": good, "ChangeSetName": "change"}
        self.assertIn(fixed, self.refusal(stack.cloudformation.create_change_set, **change))
        self.assertIn("AlreadyExistsException", self.refusal(stack.create, good))
        stack.delete()
        self.assertEqual(stack.create(good), "CREATE_COMPLETE", stack.reasons())

    def test_a_stack_whose_update_was_rolled_back_can_be_updated(self):
        stack = self.stack()
        stack.create(template("Delete", fails=False))
        self.assertEqual(stack.update(template("Delete")), "UPDATE_ROLLBACK_COMPLETE", stack.reasons())
        self.assertEqual(stack.update(template("RetainExceptOnCreate", fails=False)), "UPDATE_COMPLETE", stack.reasons())
