"""A deploy by CloudFormation alone: what the SAM CLI would do for us, without it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from tests.support import BOOTSTRAP, PACKAGE_ROOT, local_aws

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Word: {Type: String}
  Bad: {Type: String, Default: "no"}
Conditions:
  IsBad: !Equals [!Ref Bad, "yes"]
Resources:
  Talker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: built/elsewhere/talker/
      Environment: {Variables: {WORD: !Ref Word}}
  Nobody:
    Type: AWS::CloudFormation::WaitConditionHandle
    Condition: IsBad
  # Waits for a signal that nobody sends.
  Broken:
    Type: AWS::CloudFormation::WaitCondition
    Condition: IsBad
    Properties: {Handle: !Ref Nobody, Timeout: 1, Count: 1}
Outputs:
  FunctionTalker: {Value: !Ref Talker}
"""


class Deploy(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.template = pathlib.Path(self.folder.name, "template.yaml")
        self.template.write_text(TEMPLATE)
        self.stack = f"stack-{self._testMethodName.replace('_', '-')[:40]}"
        self.says("hello")

    def says(self, text: str) -> None:
        code = self.template.parent / "code/talker"
        code.mkdir(parents=True, exist_ok=True)
        source = f"import os\ndef handle(event): return {text!r} + ' ' + os.environ['WORD']"
        (code / "bootstrap").write_text(f"#!{sys.executable}\n{source}\n{BOOTSTRAP}")

    def deploy(self, first_secret="one", **parameters: str) -> subprocess.CompletedProcess:
        request = {
            "stack": self.stack, "template": str(self.template), "code": str(self.template.parent / "code"), "parameters": parameters,
            "secrets": {"token": first_secret}, "first_secrets": {"keys": first_secret},
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, "-m", "bansync_local.deploy"], input=json.dumps(request), capture_output=True, text=True,
            cwd=PACKAGE_ROOT, env={**os.environ, "AWS_ENDPOINT_URL": local_aws().endpoint},
        )  # fmt: skip

    def deployed(self, **parameters: str) -> str:
        """What the deployed function says."""
        done = self.deploy(**parameters)
        self.assertEqual(done.returncode, 0, done.stderr)
        function = json.loads(done.stdout)["FunctionTalker"]
        return json.load(local_aws().client("lambda").invoke(FunctionName=function)["Payload"])

    def test_a_new_stack_its_new_parameters_and_its_new_code(self):
        self.assertEqual(self.deployed(Word="world"), "hello world")
        self.assertEqual(self.deployed(Word="moon"), "hello moon")
        self.says("good night")
        self.assertEqual(self.deployed(Word="moon"), "good night moon")
        # And nothing new at all.
        self.assertEqual(self.deployed(Word="moon"), "good night moon")

    def test_secrets_are_replaced_but_those_that_are_kept_once_written(self):
        for secret in ("one", "two"):
            self.assertEqual(self.deploy(secret, Word="world").returncode, 0)
        names = [f"/{self.stack}/{name}" for name in ("token", "keys")]
        found = local_aws().client("ssm").get_parameters(Names=names, WithDecryption=True)["Parameters"]
        self.assertEqual({secret["Name"]: secret["Value"] for secret in found}, dict(zip(names, ("two", "one"))))

    def test_a_stack_that_cannot_be_made_says_why(self):
        done = self.deploy(Word="world", Bad="yes")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Broken", done.stderr)
        # Mended, it is made anew: CloudFormation updates no stack whose first create was rolled back.
        self.assertEqual(self.deployed(Word="world"), "hello world")

    def test_a_parameter_that_is_missing_is_named(self):
        done = self.deploy()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Word", done.stderr)
        self.assertNotIn("Traceback", done.stderr)
