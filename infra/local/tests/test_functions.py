import json
import unittest

from tests.support import Stack, eventually, local_aws

SOURCE = "def handle(event, context): raise RuntimeError('as asked')"


def template(**properties) -> str:
    queue = {"Fn::GetAtt": ["Failed", "Arn"]}
    may_send = [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue}]}]
    return json.dumps({
        "Transform": "AWS::Serverless-2016-10-31",
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "Failed": {"Type": "AWS::SQS::Queue"},
            "Work": {"Type": "AWS::Serverless::Function", "Properties": {
                "Runtime": "python3.11", "Handler": "index.handle", "InlineCode": SOURCE, "Policies": may_send, **properties}},
        },
        "Outputs": {"Work": {"Value": {"Ref": "Work"}}, "Failed": {"Value": {"Ref": "Failed"}}},
    })  # fmt: skip


SETTINGS = {"ReservedConcurrentExecutions": 0, "RecursiveLoop": "Allow"}


class Functions(unittest.TestCase):
    def stack(self, text: str, machine=None) -> Stack:
        stack = Stack(machine or local_aws(), f"functions-{self._testMethodName.replace('_', '-')}"[:70])
        self.assertEqual(stack.create(text), "CREATE_COMPLETE", stack.reasons())
        return stack

    def settings(self, stack: Stack) -> tuple:
        client, name = stack.machine.client("lambda"), stack.outputs()["Work"]
        reserved = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        return reserved, client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"]

    def test_without_their_patches_the_template_s_settings_are_dropped(self):
        self.assertEqual(self.settings(self.stack(template(**SETTINGS), local_aws("concurrency", "recursion"))), (None, "Terminate"))

    def test_settings_are_applied_and_taken_back(self):
        stack = self.stack(template(**SETTINGS))
        self.assertEqual(self.settings(stack), (0, "Allow"))
        client, name = stack.machine.client("lambda"), stack.outputs()["Work"]
        self.assertRaises(client.exceptions.TooManyRequestsException, client.invoke, FunctionName=name)
        self.assertEqual(stack.update(template()), "UPDATE_COMPLETE", stack.reasons())
        self.assertEqual(self.settings(stack), (None, "Terminate"))

    def test_a_setting_that_is_no_value_is_none(self):
        reserved = {"Fn::If": ["Never", 5, {"Ref": "AWS::NoValue"}]}
        self.assertEqual(self.settings(self.stack(template(ReservedConcurrentExecutions=reserved))), (None, "Terminate"))

    def test_an_invoke_config_of_the_template_is_the_function_s(self):
        stack = self.stack(template(EventInvokeConfig={"MaximumRetryAttempts": 1}))
        config = stack.machine.client("lambda").get_function_event_invoke_config(FunctionName=stack.outputs()["Work"])
        self.assertEqual(config["MaximumRetryAttempts"], 1)

    def test_numbers_and_booleans_are_text_to_a_function(self):
        stack = self.stack(template(Environment={"Variables": {"NUMBER": 5, "YES": True, "TEXT": "x"}}))
        configuration = stack.machine.client("lambda").get_function_configuration(FunctionName=stack.outputs()["Work"])
        self.assertEqual(configuration["Environment"]["Variables"], {"NUMBER": "5", "YES": "true", "TEXT": "x"})

    def test_a_url_whose_type_sam_could_not_see_is_refused(self):
        stack = Stack(local_aws(), "functions-url")
        chosen = {"Fn::If": ["Never", {"AuthType": "AWS_IAM"}, {"AuthType": "NONE"}]}
        self.assertEqual(stack.create(template(FunctionUrlConfig=chosen)), "ROLLBACK_COMPLETE")
        self.assertIn("required key [AuthType] not found", stack.reasons())

    def test_an_event_that_fails_for_good_goes_to_the_function_s_queue(self):
        queue = {"Type": "SQS", "TargetArn": {"Fn::GetAtt": ["Failed", "Arn"]}}
        stack = self.stack(template(DeadLetterQueue=queue, EventInvokeConfig={"MaximumRetryAttempts": 0}))
        stack.machine.client("lambda").invoke(FunctionName=stack.outputs()["Work"], InvocationType="Event", Payload=b'{"n": 1}')
        sqs, url = stack.machine.client("sqs"), stack.outputs()["Failed"]
        self.assertTrue(eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages")))
