import unittest

from tests.support import local_aws

ORIGIN = "https://bansync.example"
API = {
    "Type": "AWS::ApiGatewayV2::Api",
    "Properties": {
        "Name": "api",
        "ProtocolType": "HTTP",
        "CorsConfiguration": {"AllowOrigins": [ORIGIN], "AllowMethods": ["GET"], "AllowHeaders": ["authorization"]},
    },
}


def preflight(machine) -> tuple[int, str | None]:
    """Status and allowed origin that a browser gets before its first request."""
    machine.deploy("cors", {"Api": API})
    api = machine.client("cloudformation").describe_stack_resource(StackName="cors", LogicalResourceId="Api")
    path = f"/_aws/execute-api/{api['StackResourceDetail']['PhysicalResourceId']}/$default/bans"
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    status, headers, _ = machine.request("OPTIONS", path, headers=headers)
    return status, headers["Access-Control-Allow-Origin"]


class Cors(unittest.TestCase):
    def test_without_the_patch_a_browser_is_refused(self):
        self.assertEqual(preflight(local_aws("cors"))[0], 403)

    def test_with_the_patch_the_template_s_origin_is_allowed(self):
        self.assertEqual(preflight(local_aws()), (204, ORIGIN))
