import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from bansync_local import aws, moto, stack, template
from tests.sample import TEMPLATE

EXPIRES = "      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}\n"
KEY = "      KeySchema: [{AttributeName: pk, KeyType: HASH}]\n"
WITH_TTL = TEMPLATE.replace(KEY, KEY + EXPIRES)


class WhatMotoIsGiven(unittest.TestCase):
    def test_what_it_lacks_is_left_out_and_so_are_references_to_it(self):
        made = stack.stacks(template.parse("""
            Resources:
              Bus: {Type: AWS::Events::EventBus, Properties: {Name: !Sub "${AWS::StackName}-bus"}}
              Group: {Type: AWS::Scheduler::ScheduleGroup}
              Role:
                Type: AWS::IAM::Role
                DeletionPolicy: Retain
                Properties: {Path: !Sub "/${Group}/${AWS::Region}/", Description: !GetAtt Group.Arn, Bus: !Ref Bus, Own: !GetAtt Bus.Arn}
        """))[0]  # fmt: skip
        resources = moto.prepared(made)["Resources"]
        self.assertEqual(list(resources), ["Bus", "Role"])
        properties = {"Path": "/Group/Region/", "Description": "Group.Arn", "Bus": {"Fn::Sub": "${AWS::StackName}-bus"}}
        properties["Own"] = {"Fn::GetAtt": ["Bus", "Arn"]}
        self.assertEqual(resources["Role"], {"Type": "AWS::IAM::Role", "Properties": properties})


@unittest.skipUnless(moto.SERVER.is_file(), "moto is not installed: requirements-moto.txt")
class OnMoto(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = stack.stacks(template.parse(WITH_TTL))[0]
        cls.endpoint = cls.enterClassContext(moto.served())
        cls.body = moto.prepared(cls.made)
        cls.created = moto.create(cls.endpoint, cls.body)

    def test_the_stack_is_there_as_the_template_has_it(self):
        self.assertEqual(list(moto.complaints(self.endpoint, self.body, self.created)), [])

    def test_what_is_not_there_is_found(self):
        wanted = copy.deepcopy(self.body)
        resources = wanted["Resources"]
        resources["BansTable"]["Properties"]["GlobalSecondaryIndexes"][0]["IndexName"] = "by_chat"
        del resources["GatewayTable"]["Properties"]["TimeToLiveSpecification"]
        del resources["SyncQueue"]["Properties"]["RedrivePolicy"]
        resources["WorkerFunction"]["Properties"]["Timeout"] = 11
        resources["Gone"] = {"Type": "AWS::SNS::Topic"}
        del resources["WorkerFunctionBans"]
        found = list(moto.complaints(self.endpoint, wanted, self.created))
        subjects = ["Gone: moto created", "BansTable: its indexes", "GatewayTable: its time to live", "SyncQueue: its redrive"]
        subjects += ["WorkerFunction: Timeout is 10", "2 event source mappings of 1"]
        for sentence, subject in zip(found, subjects, strict=True):
            self.assertTrue(sentence.startswith(subject), sentence)

    def test_the_tables_alone_are_served_for_others(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "template.yaml")
            path.write_text(WITH_TTL)
            command = [sys.executable, "-m", "bansync_local.moto", "--tables", str(path)]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
                served = json.loads(process.stdout.readline())
                self.assertEqual(served["tables"].keys(), {"BansTable", "GatewayTable"})
                names = aws.client("dynamodb", served["endpoint"]).list_tables()["TableNames"]
                self.assertEqual(sorted(names), sorted(served["tables"].values()))
                process.stdin.close()
                self.assertEqual(process.wait(30), 0)


if __name__ == "__main__":
    unittest.main()
