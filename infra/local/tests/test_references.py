import json
import unittest

from tests.support import Stack, local_aws

NEVER = {"Fn::Equals": ["a", "b"]}


def template(reference, output="none", **more) -> str:
    """A topic that is not made, and a queue with a reference as its tag."""
    return json.dumps({
        "Parameters": {"Word": {"Type": "String", "Default": "word"}},
        "Conditions": {"Never": NEVER, "Always": {"Fn::Not": [{"Condition": "Never"}]}},
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic", "Condition": "Never"},
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [{"Key": "tag", "Value": reference}]}, **more},
        },
        "Outputs": {"Told": {"Value": output}},
    })  # fmt: skip


UNRESOLVED = "Template format error: Unresolved resource dependencies [Topic] in the {} block of the template"
REFERENCES = ({"Ref": "Topic"}, {"Fn::GetAtt": ["Topic", "TopicName"]}, {"Fn::Sub": "${Topic.TopicName}-x"})


class References(unittest.TestCase):
    def refusal(self, text: str) -> str:
        cloudformation = local_aws().client("cloudformation")
        with self.assertRaises(cloudformation.exceptions.ClientError) as raised:
            cloudformation.create_stack(StackName="references", TemplateBody=text)
        return raised.exception.response["Error"]["Message"]

    def test_without_the_patch_a_reference_leads_nowhere(self):
        self.assertEqual(Stack(local_aws("references"), "references").create(template({"Ref": "Topic"})), "CREATE_COMPLETE")

    def test_a_reference_to_what_is_not_made_is_refused(self):
        for reference in REFERENCES:
            self.assertEqual(self.refusal(template(reference)), UNRESOLVED.format("Resources"), reference)
            self.assertEqual(self.refusal(template("x", output=reference)), UNRESOLVED.format("Outputs"), reference)

    def test_a_branch_that_is_not_taken_does_not_count(self):
        chosen = {"Fn::If": ["Never", {"Ref": "Topic"}, {"Fn::If": ["Always", {"Ref": "Word"}, {"Ref": "Topic"}]}]}
        stack = Stack(local_aws(), "references-branch")
        self.assertEqual(stack.create(template(chosen, output=chosen, DependsOn="Topic")), "CREATE_COMPLETE", stack.reasons())
        self.assertEqual(stack.outputs(), {"Told": "word"})

    def test_an_update_to_it_is_refused(self):
        stack = Stack(local_aws(), "references-update")
        stack.create(template("x"))
        with self.assertRaises(stack.cloudformation.exceptions.ClientError) as raised:
            stack.update(template({"Ref": "Topic"}))
        self.assertIn(UNRESOLVED.format("Resources"), str(raised.exception))
