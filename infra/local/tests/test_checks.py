import contextlib
import io
import pathlib
import runpy
import sys
import tempfile
import unittest
import unittest.mock

from bansync_local import checks
from tests.sample import SAMCONFIG, TEMPLATE

SECOND_MAPPING = """
        BansAgain:
          Type: DynamoDB
          Properties: {Stream: !GetAtt BansTable.StreamArn, StartingPosition: TRIM_HORIZON}
Outputs:"""
# Two more functions that read the stream of the bans: three readers.
MORE_READERS = """
  Fn::ForEach::Readers:
    - Reader
    - [First, Second]
    - ${Reader}Function:
        Type: AWS::Serverless::Function
        Properties:
          Events:
            Bans:
              Type: DynamoDB
              Properties: {Stream: !GetAtt BansTable.StreamArn, StartingPosition: TRIM_HORIZON}
Outputs:"""


def found(rule: str, *changes: tuple[str, str], samconfig: str = SAMCONFIG) -> list[checks.Complaint]:
    """What a rule says of the sample after these changes of its text."""
    text = TEMPLATE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return checks.complaints(checks.Project(text, samconfig), rule)


class Rules(unittest.TestCase):
    def assert_found(self, complaints: list[checks.Complaint], *expected: tuple[str, str]) -> None:
        """The complaints are about these resources, each with these words."""
        self.assertEqual([resource for resource, _ in complaints], [resource for resource, _ in expected], complaints)
        for (_, sentence), (_, words) in zip(complaints, expected):
            self.assertIn(words, sentence)

    def test_a_good_template_has_no_complaints(self):
        judged = checks.judged(checks.Project(TEMPLATE, SAMCONFIG))
        self.assertEqual({name: complaints for name, complaints in judged if complaints}, {})

    def test_every_rule_says_what_to_do(self):
        self.assertTrue(all(checks.rule(name).ADVICE for name in checks.NAMES))

    # mappings
    def test_a_second_mapping_of_one_function_and_source_is_found(self):
        self.assert_found(found("mappings", ("\nOutputs:", SECOND_MAPPING)), ("WorkerFunctionBansAgain", "already by WorkerFunctionBans"))

    def test_a_third_reader_of_a_stream_is_found(self):
        self.assert_found(found("mappings", ("\nOutputs:", MORE_READERS)), ("BansTable", "3 mappings read its stream"))

    def test_a_reader_of_a_stream_that_gives_up_is_found(self):
        retries = "Stream: !GetAtt BansTable.StreamArn, StartingPosition: TRIM_HORIZON, MaximumRetryAttempts: 20}"
        few = SECOND_MAPPING.replace("Stream: !GetAtt BansTable.StreamArn, StartingPosition: TRIM_HORIZON}", retries)
        complaints = found("mappings", ("\nOutputs:", few))
        self.assertIn(("WorkerFunctionBansAgain", "it gives records of BansTable up after 20 retries"), complaints)

    # recursion
    def test_a_function_that_feeds_itself_by_a_managed_policy_is_found(self):
        self.assert_found(found("recursion", ("      RecursiveLoop: Allow\n", "")), ("WorkerFunction", "SyncQueue"))

    def test_a_function_that_feeds_itself_by_a_policy_of_its_own_is_found(self):
        own = "Policies: [{Statement: [{Effect: Allow, Action: 'sqs:*', Resource: !GetAtt SyncQueue.Arn}]}]"
        changes = (("      RecursiveLoop: Allow\n", ""), ("Policies: [!Ref MaySend]", own))
        self.assert_found(found("recursion", *changes), ("WorkerFunction", "SyncQueue"))

    def test_a_loop_that_is_allowed_without_need_is_found(self):
        self.assert_found(found("recursion", ("      Policies: [!Ref MaySend]\n", "")), ("WorkerFunction", "sends to no queue"))

    # retention
    def test_data_that_a_failed_creation_leaves_behind_is_found(self):
        complaints = found("retention", ("[IsProd, RetainExceptOnCreate, Delete]", "[IsProd, Retain, Delete]"))
        self.assert_found(complaints, ("BansTable", "Stage=prod"), ("ArchiveBucket", "leaves it behind"))

    def test_data_of_production_that_may_go_is_found(self):
        lost = ("!If [IsProd, Retain, Delete]", "Delete")
        unprotected = ("      DeletionProtectionEnabled: !If [IsProd, true, false]\n", "")
        expected = ("BansTable", "replaces it"), ("BansTable", "not protected"), ("ArchiveBucket", "replaces it")
        self.assert_found(found("retention", lost, unprotected), *expected)

    def test_data_of_a_developer_that_stays_is_found(self):
        complaints = found("retention", ("DeletionProtectionEnabled: !If [IsProd, true, false]", "DeletionProtectionEnabled: true"))
        self.assert_found(complaints, ("BansTable", "no production"))

    # stages
    def test_two_stages_of_one_stack_are_found(self):
        complaints = found("stages", samconfig=SAMCONFIG.replace("bansync-dev", "bansync"))
        self.assert_found(complaints, ("prod", "default deploys it with Stage=dev"))

    def test_an_environment_without_a_stage_is_found(self):
        complaints = found("stages", samconfig=SAMCONFIG.replace("Stage=local", "LogLevel=DEBUG"))
        self.assert_found(complaints, ("local", "no Stage"))

    # visibility
    def test_a_visibility_timeout_that_is_too_short_is_found(self):
        self.assert_found(found("visibility", ("VisibilityTimeout: 60", "VisibilityTimeout: 59")), ("SyncQueue", "asks for 60 s"))

    def test_the_batching_window_adds_to_it(self):
        window = ("Queue: !GetAtt SyncQueue.Arn", "Queue: !GetAtt SyncQueue.Arn\n            MaximumBatchingWindowInSeconds: 5")
        self.assert_found(found("visibility", window), ("SyncQueue", "asks for 65 s"))

    def test_a_queue_without_redrive_or_with_few_receives_is_found(self):
        redrive = "      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dlq.Arn, maxReceiveCount: 5}\n"
        self.assert_found(found("visibility", (redrive, "")), ("SyncQueue", "no RedrivePolicy"))
        self.assert_found(found("visibility", ("maxReceiveCount: 5", "maxReceiveCount: 3")), ("SyncQueue", "maxReceiveCount is 3"))

    # concurrency
    def test_more_concurrency_than_a_new_account_has_is_found(self):
        default = "SyncConcurrency: {Type: Number, Default: %s}"
        self.assert_found(found("concurrency", (default % 3, default % 9)), ("MaximumConcurrency", "at most 9"))
        self.assert_found(found("concurrency", (default % 3, default % 1)), ("WorkerFunctionChunks", "at least 2"))
        unlimited = ("            ScalingConfig: {MaximumConcurrency: !Ref SyncConcurrency}\n", "")
        self.assert_found(found("concurrency", unlimited), ("WorkerFunctionChunks", "no MaximumConcurrency"))

    def test_concurrency_that_is_reserved_by_default_is_found(self):
        reserved = ("      RecursiveLoop: Allow", "      RecursiveLoop: Allow\n      ReservedConcurrentExecutions: 5")
        self.assert_found(found("concurrency", reserved), ("WorkerFunction", "reserves"))

    # encryption
    def test_the_billed_key_is_found(self):
        table = "      KeySchema: [{AttributeName: pk, KeyType: HASH}]\n"
        billed = (table, table + "      SSESpecification: {SSEEnabled: true}\n")
        self.assert_found(found("encryption", billed), ("GatewayTable", "billed"))

    def test_backups_of_the_wrong_tables_are_found(self):
        table = "      KeySchema: [{AttributeName: pk, KeyType: HASH}]\n"
        backed_up = (table, table + "      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}\n")
        self.assert_found(found("encryption", backed_up), ("GatewayTable", "short-lived"))
        without = ("PointInTimeRecoveryEnabled: !If [IsProd, true, false]", "PointInTimeRecoveryEnabled: false")
        self.assert_found(found("encryption", without), ("BansTable", "Stage=prod"))

    # lifecycle
    def test_a_transition_that_skips_small_objects_unsaid_is_found(self):
        size = '            ObjectSizeGreaterThan: "131072"\n'
        self.assert_found(found("lifecycle", (size, "")), ("ArchiveBucket", "rule cheaper"))
        rules, default = "        Rules:\n          - Id", "        TransitionDefaultMinimumObjectSize: all_storage_classes_128K\n"
        self.assertEqual(found("lifecycle", (size, ""), (rules, default + rules)), [])

    # permissions
    def test_a_rule_that_may_not_call_its_target_is_found(self):
        other = ("SourceArn: !GetAtt Rule.Arn", "SourceArn: !GetAtt Alarms.TopicArn")
        self.assert_found(found("permissions", other), ("Rule", "BansFunction"))

    def test_a_route_that_may_not_call_its_function_is_found(self):
        self.assert_found(found("permissions", ("${Api}/*/GET/health", "${Api}/*/POST/health")), ("Api", "GET /health"))

    def test_an_authorizer_that_may_not_be_called_is_found(self):
        self.assert_found(found("permissions", ("${Api}/authorizers/*", "${Api}/authorisers/*")), ("Api", "the authorizer callers"))

    def test_routes_of_separate_resources_are_looked_at_too(self):
        routes = """
  Plain: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: plain, ProtocolType: HTTP}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Plain, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt UsersFunction.Arn}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Plain, RouteKey: "ANY /x", Target: !Sub "integrations/${Integration}"}
  RoutePermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !GetAtt UsersFunction.Arn
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Plain}/*/METHOD/x"
Outputs:"""
        self.assertEqual(found("permissions", ("\nOutputs:", routes.replace("METHOD", "*"))), [])
        self.assert_found(found("permissions", ("\nOutputs:", routes.replace("METHOD", "GET"))), ("Route", "ANY /x"))

    def test_a_function_url_with_one_permission_is_found(self):
        complaints = found("permissions", ("      InvokedViaFunctionUrl: true\n", ""))
        self.assert_found(complaints, ("WebhookUrl", "InvokedViaFunctionUrl is missing (with FrontDoor=function-url)"))
        complaints = found("permissions", ("Action: lambda:InvokeFunctionUrl", "Action: lambda:GetFunction"))
        self.assert_found(complaints, ("WebhookUrl", "lambda:InvokeFunctionUrl"))

    def test_a_permission_under_another_condition_than_its_caller_is_found(self):
        conditional = ("RulePermission:\n", "RulePermission:\n    Condition: ByFunctionUrl\n")
        self.assert_found(found("permissions", conditional), ("Rule", "FrontDoor=http-api"))

    def test_a_permission_for_any_account_is_found(self):
        complaints = found("permissions", ("      SourceArn: !GetAtt Rule.Arn\n", ""))
        self.assert_found(complaints, ("RulePermission", "any account"))

    # metrics

    def test_embedded_metrics_that_a_log_level_would_drop_are_found(self):
        good = '{"level": LEVEL, "timestamp": now, "_aws": {"CloudWatchMetrics": []}}'
        sources = {"good.rs": good, "bad.rs": good.replace('"timestamp": now, ', ""), "none.rs": "fn main() {}"}
        project = checks.Project(TEMPLATE, sources=sources)
        self.assertEqual(checks.complaints(project, "metrics"), [("bad.rs", 'it prints embedded metrics without "timestamp"')])

    # logging
    def test_logs_that_are_no_json_or_go_elsewhere_are_found(self):
        self.assertEqual(len(found("logging", ("LogFormat: JSON, ", ""))), 4)
        self.assertEqual(len(found("logging", (", LogGroup: !Ref Logs", ""))), 4)
        self.assert_found(found("logging", ("Properties: {RetentionInDays: 30}", "Properties: {}")), ("Logs", "for ever"))

    # conditions
    def test_a_reference_to_what_is_not_there_is_found(self):
        address = "!If [ByFunctionUrl, !GetAtt WebhookUrl.FunctionUrl, "
        complaints = found("conditions", (address, "!If [ByHttpApi, !GetAtt WebhookUrl.FunctionUrl, "))
        self.assert_found(complaints, ("output Address", "WebhookUrl, which is not there (with FrontDoor=http-api)"))

    # size
    def test_a_long_template_is_found(self):
        self.assert_found(found("size", ("\nOutputs:", "\n" * 850 + "Outputs:")), ("template", "lines"))

    def test_more_resources_than_cloudformation_takes_are_found(self):
        names = ", ".join(f"N{number}" for number in range(500))
        loop = f"\n  Fn::ForEach::Topics: [Topic, [{names}], {{'${{Topic}}': {{Type: AWS::SNS::Topic}}}}]\nOutputs:"
        self.assert_found(found("size", ("\nOutputs:", loop)), ("Resources", "CloudFormation takes 500"))


class TheCommand(unittest.TestCase):
    def run_on(self, template: str) -> tuple[int, str]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "template.yaml")
            path.write_text(template)
            output = io.StringIO()
            with unittest.mock.patch.object(sys, "argv", ["checks", str(path)]), contextlib.redirect_stdout(output):
                with self.assertRaises(SystemExit) as ended:
                    runpy.run_module("bansync_local.checks", run_name="__main__")
        return ended.exception.code, output.getvalue()

    def test_it_ends_well_without_complaints(self):
        self.assertEqual(self.run_on(TEMPLATE), (0, "13 rules, 0 complaints\n"))

    def test_it_prints_complaints_with_what_to_do(self):
        status, output = self.run_on(TEMPLATE.replace("VisibilityTimeout: 60", "VisibilityTimeout: 30"))
        self.assertEqual(status, 1)
        self.assertIn("visibility: SyncQueue: its VisibilityTimeout is 30 s", output)
        self.assertIn("→ Set VisibilityTimeout", output)


if __name__ == "__main__":
    unittest.main()
