import unittest

import yaml

from bansync_local import checkov

FOUND = [("CKV_AWS_28", "GatewayTable", "backups"), ("CKV_AWS_28", "BansTable", "backups"), ("CKV_AWS_117", "Webhook", "a VPC")]


class Exceptions(unittest.TestCase):
    def test_a_complaint_without_a_reason_is_told(self):
        exceptions = {"CKV_AWS_28": {"GatewayTable": "short-lived"}, "CKV_AWS_117": {"*": "nothing private"}}
        self.assertEqual(list(checkov.complaints(FOUND, exceptions)), ["CKV_AWS_28 BansTable: backups"])

    def test_a_reason_without_a_complaint_is_told(self):
        exceptions = {"CKV_AWS_28": {"*": "no"}, "CKV_AWS_117": {"*": "no", "Gone": "no"}, "CKV_AWS_1": {"*": "no"}}
        expected = ["CKV_AWS_117 Gone: the exception is needed by nothing", "CKV_AWS_1 *: the exception is needed by nothing"]
        self.assertEqual(list(checkov.complaints(FOUND, exceptions)), expected)

    def test_the_report_is_read(self):
        report = {"results": {"failed_checks": [{"check_id": "A", "resource": "AWS::SQS::Queue.Sync", "check_name": "keys"}]}}
        self.assertEqual(list(checkov.read([report, {}])), [("A", "Sync", "keys")])

    def test_each_exception_has_a_reason(self):
        for check, patterns in yaml.safe_load(checkov.EXCEPTIONS.read_text()).items():
            for pattern, reason in patterns.items():
                self.assertGreater(len(reason.split()), 5, f"{check} {pattern}")


@unittest.skipUnless(checkov.CHECKOV.is_file(), "checkov is not installed: requirements-checkov.txt")
class Checkov(unittest.TestCase):
    def test_it_judges_stacks(self):
        topic = {"AlarmTopic": {"Type": "AWS::SNS::Topic", "Properties": {}}}
        self.assertEqual([(check, resource) for check, resource, _ in checkov.failures([topic, topic])], [("CKV_AWS_26", "AlarmTopic")])


if __name__ == "__main__":
    unittest.main()
