import pathlib
import tempfile
import unittest

from bansync_local import sam_local, stack, template
from tests.sample import TEMPLATE

LOOP = TEMPLATE[TEMPLATE.index("  Fn::ForEach::Concerns") : TEMPLATE.index("  WorkerFunction:")]
WRITTEN_OUT = "".join(
    f"""
  {name}Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/api/
      Environment: {{Variables: {{CONCERN: {name}}}}}
"""
    for name in ("Users", "Bans")
)
FLAT = TEMPLATE.replace(LOOP, WRITTEN_OUT)
INTEGRATION = "              x-amazon-apigateway-integration:\n                type: aws_proxy"


@unittest.skipUnless(sam_local.PYTHON.is_file(), "the SAM CLI is not installed: cargo xtask setup")
class SamLocal(unittest.TestCase):
    def found(self, text: str, variables: dict | None = None) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "template.yaml")
            path.write_text(text)
            made = stack.stacks(template.read(path))[0]
            given = sam_local.made_up(made) if variables is None else variables
            return list(sam_local.complaints(made, given, sam_local.asked(path, made.chosen, given)))

    def test_routes_and_environments_of_a_good_template_are_understood(self):
        self.assertEqual(self.found(FLAT), [])

    def test_a_route_that_loops_take_from_the_sam_cli_is_found(self):
        self.assertEqual(self.found(TEMPLATE), ["Api: GET /health is not served: its function is not understood"])

    def test_an_authorizer_that_is_not_understood_is_found(self):
        secured = FLAT.replace(INTEGRATION, "              security: [{callers: []}]\n" + INTEGRATION)
        self.assertEqual(self.found(secured), [])
        uri = secured[secured.index("authorizerUri: ") :].splitlines()[0]
        joined = uri.replace('!Sub "', '!Join ["", [!Sub "').replace("${WebhookFunction.Arn}", '", !GetAtt WebhookFunction.Arn, "') + "]]"
        self.assertEqual(self.found(secured.replace(uri, joined)), [])
        named = "authorizerUri: !Ref WebhookFunction"
        self.assertEqual(self.found(secured.replace(uri, named)), ["Api: GET /health is open: its authorizer is not understood"])

    def test_a_variable_that_the_template_does_not_declare_is_found(self):
        everywhere = {"Parameters": {"CONCERN": "x"}}
        functions = ("WebhookFunction", "WorkerFunction")
        expected = [f"{function}: CONCERN is not passed on: the template does not declare it" for function in functions]
        self.assertEqual(self.found(FLAT, everywhere), expected)

    def test_a_variable_that_resolves_to_nothing_is_found(self):
        text = FLAT.replace("CONCERN: Users", "QUEUE: !GetAtt SyncQueue.QueueUrl")
        self.assertEqual(self.found(text, {}), ["UsersFunction: QUEUE resolves to nothing"])
        self.assertEqual(self.found(text), [])


if __name__ == "__main__":
    unittest.main()
