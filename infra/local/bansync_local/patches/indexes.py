"""One global secondary index of a table is created or deleted at a time.

MiniStack takes any number. DynamoDB takes one in an UpdateTable ("Managing Global Secondary Indexes in DynamoDB"; the text as reported in
architect/architect, issue 334), and CloudFormation one in an update of a stack (AWS::DynamoDB::Table, "GlobalSecondaryIndexes"; the texts
in aws/aws-cdk, issue 14920, and aws-amplify/amplify-cli, issue 11384), nor does it change one in place.
"""

import functools

ONE_A_CALL = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
ONE_AN_UPDATE = "Cannot perform more than one GSI creation or deletion in a single update"
NO_CHANGE = (
    "Cannot update GSI's properties other than Provisioned Throughput and Contributor Insights Specification. "
    "You can create a new GSI with a different name."
)


def apply() -> None:
    _of_calls()
    _of_stacks()


def _of_calls() -> None:
    from ministack.core.responses import error_response_json
    from ministack.services import dynamodb

    update = dynamodb._update_table

    def update_one(data):
        changes = data.get("GlobalSecondaryIndexUpdates") or []
        if sum("Create" in change or "Delete" in change for change in changes) > 1:
            return error_response_json("LimitExceededException", ONE_A_CALL, 400)
        return update(data)

    dynamodb._update_table = update_one


def _of_stacks() -> None:
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    update = handlers["update"]

    # `wraps` keeps the signature, which the engine inspects.
    @functools.wraps(update)
    def update_one(physical_id, old, new, *rest, **named):
        if not _replaced(old, new):
            before, after = _indexes(old), _indexes(new)
            if any(before[name] != after[name] for name in before.keys() & after.keys()):
                raise ValueError(NO_CHANGE)
            if len(before.keys() ^ after.keys()) > 1:
                raise ValueError(ONE_AN_UPDATE)
        return update(physical_id, old, new, *rest, **named)

    handlers["update"] = update_one


def _replaced(old: dict, new: dict) -> bool:
    """Whether the update makes another table, with any indexes."""
    return any(old.get(name) != new.get(name) for name in ("TableName", "KeySchema", "LocalSecondaryIndexes"))


def _indexes(properties: dict) -> dict[str, dict]:
    """The indexes by name, without what may change."""
    changeable = ("ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput", "ContributorInsightsSpecification")
    return {
        index["IndexName"]: {name: value for name, value in index.items() if name not in changeable}
        for index in properties.get("GlobalSecondaryIndexes") or []
    }
