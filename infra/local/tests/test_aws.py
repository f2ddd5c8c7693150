"""Which AWS a call goes to."""

import os
import unittest
import unittest.mock

from bansync_local import aws


class Region(unittest.TestCase):
    def region(self, **environment: str) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with unittest.mock.patch.dict(os.environ, {**kept, **environment}, clear=True):
            return aws.client("sqs", "http://127.0.0.1:1").meta.region_name

    def test_either_variable_names_it_and_the_newer_one_comes_first(self):
        self.assertEqual(self.region(AWS_REGION="eu-west-1", AWS_DEFAULT_REGION="eu-west-2"), "eu-west-1")
        # All that version 1 of the AWS CLI and boto3 themselves read.
        self.assertEqual(self.region(AWS_REGION="", AWS_DEFAULT_REGION="eu-west-2"), "eu-west-2")
        self.assertEqual(self.region(), "us-east-1")
