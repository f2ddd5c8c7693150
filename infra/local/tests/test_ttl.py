import unittest

from tests.support import eventually, local_aws

TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
    },
}


def deployed(machine, name: str) -> tuple[str, str]:
    """The name of a table with time to live in its template, and its stream."""
    machine.deploy(name, {"Table": TABLE})
    table = machine.client("cloudformation").describe_stack_resource(StackName=name, LogicalResourceId="Table")
    table = table["StackResourceDetail"]["PhysicalResourceId"]
    return table, machine.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]


def status(machine, table: str) -> str:
    answer = machine.client("dynamodb").describe_time_to_live(TableName=table)
    return answer["TimeToLiveDescription"]["TimeToLiveStatus"]


def expire_an_item(machine, table: str) -> bool:
    """Put an item that has expired; true once the sweep has taken it."""
    dynamodb, key = machine.client("dynamodb"), {"pk": {"S": "old"}}
    dynamodb.put_item(TableName=table, Item={**key, "expires_at": {"N": "1"}})
    return eventually(lambda: "Item" not in dynamodb.get_item(TableName=table, Key=key), seconds=4)


def removals(machine, stream: str) -> list[dict]:
    streams = machine.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    return [record for record in records if record["eventName"] == "REMOVE"]


class WithoutThePatch(unittest.TestCase):
    def test_the_template_s_time_to_live_is_dropped(self):
        machine = local_aws("ttl")
        table, _ = deployed(machine, "ttl-template")
        self.assertEqual(status(machine, table), "DISABLED")

    def test_an_expired_item_leaves_no_record(self):
        machine = local_aws("ttl")
        table, stream = deployed(machine, "ttl-record")
        wanted = TABLE["Properties"]["TimeToLiveSpecification"]
        machine.client("dynamodb").update_time_to_live(TableName=table, TimeToLiveSpecification=wanted)
        self.assertTrue(expire_an_item(machine, table))
        self.assertEqual(removals(machine, stream), [])

    def test_the_sweep_takes_a_minute(self):
        machine = local_aws("sweep")
        table, _ = deployed(machine, "sweep")
        self.assertFalse(expire_an_item(machine, table))


class WithThePatch(unittest.TestCase):
    def test_the_template_s_time_to_live_holds(self):
        machine = local_aws()
        table, _ = deployed(machine, "ttl-template")
        self.assertEqual(status(machine, table), "ENABLED")

    def test_an_expired_item_is_a_removal_by_the_service(self):
        machine = local_aws()
        table, stream = deployed(machine, "ttl-record")
        self.assertTrue(expire_an_item(machine, table))
        [removal] = eventually(lambda: removals(machine, stream))
        self.assertEqual(removal["dynamodb"]["OldImage"]["pk"], {"S": "old"})
        # Its fields are spelt as functions get them, which is not how GetRecords spells them: boto3 reads none.
        self.assertIn("userIdentity", removal)

    def test_a_user_s_delete_is_no_removal_by_the_service(self):
        machine = local_aws()
        table, stream = deployed(machine, "ttl-user")
        dynamodb = machine.client("dynamodb")
        dynamodb.put_item(TableName=table, Item={"pk": {"S": "new"}})
        dynamodb.delete_item(TableName=table, Key={"pk": {"S": "new"}})
        [removal] = eventually(lambda: removals(machine, stream))
        self.assertNotIn("userIdentity", removal)
