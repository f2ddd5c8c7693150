import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

from bansync_local import template, upgrade

TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: prod, AllowedValues: [local, prod]}
  LogLevel: {Type: String, Default: INFO}
Resources:
  Bans:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions:
        - {AttributeName: event_id, AttributeType: S}
        - {AttributeName: user_id, AttributeType: N}
      KeySchema: [{AttributeName: event_id, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - {IndexName: by_user, KeySchema: [{AttributeName: user_id, KeyType: HASH}], Projection: {ProjectionType: ALL}}
  Sync:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub "${AWS::StackName}-sync"}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
Outputs:
  TableBans: {Value: !Ref Bans}
"""
INDEX = "        - {IndexName: %s, KeySchema: [{AttributeName: user_id, KeyType: HASH}], Projection: {ProjectionType: %s}}\n"


def found(*changes: tuple[str, str]) -> list[upgrade.Finding]:
    text = TEMPLATE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return upgrade.findings(template.parse(TEMPLATE), template.parse(text))


class Findings(unittest.TestCase):
    def assert_found(self, findings: list[upgrade.Finding], *expected: tuple[str, str]) -> None:
        self.assertEqual([name for name, _ in findings], [name for name, _ in expected], findings)
        for (_, sentence), (_, words) in zip(findings, expected):
            self.assertIn(words, sentence)

    def test_the_same_template_needs_nothing(self):
        self.assertEqual(found(), [])

    def test_one_index_needs_nothing_and_two_need_steps(self):
        first = INDEX % ("by_user", "ALL")
        self.assertEqual(found((first, first + INDEX % ("by_chat", "ALL"))), [])
        two = (first, first + INDEX % ("by_chat", "ALL") + INDEX % ("by_day", "ALL"))
        self.assert_found(found(two), ("Bans", "create by_chat, create by_day"))

    def test_an_index_that_changes_is_deleted_and_created(self):
        changed = (INDEX % ("by_user", "ALL"), INDEX % ("by_user", "KEYS_ONLY"))
        self.assert_found(found(changed), ("Bans", "delete by_user, create by_user"))

    def test_keys_and_names_that_replace_a_resource_are_found(self):
        key = "KeySchema: [{AttributeName: %s, KeyType: HASH}]\n"
        self.assert_found(found((key % "event_id", key % "user_id")), ("Bans", "KeySchema"))
        self.assert_found(found(("event_id, AttributeType: S", "event_id, AttributeType: N")), ("Bans", "the type of event_id"))
        self.assert_found(found(("-sync", "-chunks")), ("Sync", "its messages"))

    def test_another_type_under_one_id_is_found(self):
        self.assert_found(found(("Role: {Type: AWS::IAM::Role", "Role: {Type: AWS::IAM::Policy")), ("Role", "AWS::IAM::Policy"))

    def test_data_that_goes_is_found_and_other_resources_may_go(self):
        queue = '  Sync:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: !Sub "${AWS::StackName}-sync"}\n'
        self.assert_found(found((queue, "")), ("Sync", "it is removed, and with it its messages"))
        self.assertEqual(found(("  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}\n", "")), [])

    def test_a_renamed_resource_is_found_and_its_taken_name(self):
        self.assert_found(found(("  Sync:\n", "  Chunks:\n")), ("Sync", "called Chunks now"), ("Sync", "takes its name"))

    def test_parameters_that_stop_an_update_are_found(self):
        self.assert_found(found(("  LogLevel:", "  Token: {Type: String}\n  LogLevel:")), ("Token", "no default"))
        self.assert_found(found(("  LogLevel: {Type: String, Default: INFO}\n", "")), ("LogLevel", "removed"))
        self.assert_found(found(("AllowedValues: [local, prod]", "AllowedValues: [prod]")), ("Stage", "local"))

    def test_a_default_that_stacks_do_not_get_is_found(self):
        self.assert_found(found(("Default: INFO", "Default: WARN")), ("LogLevel", "'INFO'"))

    def test_a_removed_output_is_found(self):
        self.assert_found(found(("TableBans:", "BansTable:")), ("TableBans", "output"))


class TheChangelog(unittest.TestCase):
    FOUND = [("Bans", "it is replaced")]

    def test_a_finding_that_its_first_section_names_is_answered(self):
        self.assertEqual(upgrade.unanswered(self.FOUND, "# Changes\n\n## 0.2.0\n\n- `Bans`: copy the items first.\n"), [])

    def test_older_sections_and_other_words_answer_nothing(self):
        self.assertEqual(upgrade.unanswered(self.FOUND, "## 0.2.0\n\nBans are faster.\n\n## 0.1.0\n\n- `Bans`: new.\n"), self.FOUND)


class TheCommand(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.new = self.root / "template.yaml"
        self.new.write_text(TEMPLATE)

    def run_it(self, *arguments: str) -> str:
        output = io.StringIO()
        with unittest.mock.patch.object(sys, "argv", ["upgrade", *arguments]), contextlib.redirect_stdout(output):
            upgrade.main()
        return output.getvalue()

    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=self.root, check=True, capture_output=True)

    def test_nothing_is_compared_before_a_release(self):
        self.assertIn("Nothing was released yet", self.run_it("released", str(self.new)))

    def test_the_latest_tag_is_the_last_release(self):
        self.git("init")
        self.git("add", ".")
        self.git("commit", "-m", "first")
        self.git("tag", "v0.1.0")
        self.new.write_text(TEMPLATE.replace("Default: INFO", "Default: WARN"))
        with self.assertRaisesRegex(SystemExit, "LogLevel"):
            self.run_it("released", str(self.new))
        changelog = self.root / "CHANGELOG.md"
        changelog.write_text("## 0.2.0\n\n- `LogLevel`: give it, if you want WARN.\n")
        self.assertIn("Since v0.1.0: 1 changes", self.run_it("released", str(self.new), "--changelog", str(changelog)))

    def test_a_committed_template_stands_in_for_a_tag(self):
        released = self.root / "infra/released/template.yaml"
        released.parent.mkdir(parents=True)
        released.write_text(TEMPLATE)
        self.assertIn("Since infra/released: 0 changes", self.run_it("released", str(self.new)))


if __name__ == "__main__":
    unittest.main()
