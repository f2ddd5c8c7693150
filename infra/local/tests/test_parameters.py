import json
import unittest

from tests.support import local_aws

ARN = "arn:aws:ssm:us-east-1:000000000000:parameter"
READER = """
import boto3
def handle(names):
    return [parameter["Value"] for parameter in boto3.client("ssm").get_parameters(Names=names)["Parameters"]]
"""


def read(machine, *names: str):
    """What a function gets whose role allows the parameters /mine/a and /mine/b only."""
    function = f"reader-{len(names)}-{names[-1].count('mine')}"
    for name in ("/mine/a", "/mine/b", "/other/c"):
        machine.client("ssm").put_parameter(Name=name, Value=name[-1], Type="String", Overwrite=True)
    machine.function(function, READER, may="ssm:GetParameters", on=(f"{ARN}/mine/a", f"{ARN}/mine/b"))
    answer = machine.client("lambda").invoke(FunctionName=function, Payload=json.dumps(names))
    return json.loads(answer["Payload"].read())


class WithoutThePatch(unittest.TestCase):
    def test_a_role_that_names_its_parameters_is_refused(self):
        self.assertIn("AccessDenied", str(read(local_aws("parameters"), "/mine/a")))


class WithThePatch(unittest.TestCase):
    def test_a_role_reads_the_parameters_that_it_names(self):
        self.assertEqual(read(local_aws(), "/mine/a", "/mine/b"), ["a", "b"])

    def test_it_does_not_read_another_beside_its_own(self):
        self.assertIn("AccessDenied", str(read(local_aws(), "/mine/a", "/other/c")))
