"""Time to live as AWS has it: taken from the template, and expired items appear on the stream.

MiniStack's CloudFormation drops `TimeToLiveSpecification`, and its reaper deletes without a stream record. The
relay archives expired bans from exactly that record, told from a user's delete by its `userIdentity`.
"""

import threading

from bansync_local.patches.scope import owned_by

REAPER = "dynamodb-ttl-reaper"  # the name of MiniStack's sweeping thread

# Documented: DynamoDB Developer Guide, "DynamoDB Streams and Time to Live".
SERVICE_IDENTITY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def apply() -> None:
    from bansync_local.patches import resources
    from ministack.services import dynamodb

    resources.after("AWS::DynamoDB::Table", _set_from_template)

    remove, build = dynamodb._remove_item, dynamodb._build_change_record

    def remove_item(table, partition, sort):
        removed = remove(table, partition, sort)
        if removed is not None and _sweeping():
            _, _, _, region, account, _ = table["TableArn"].split(":", 5)
            with owned_by(account, region):
                dynamodb._emit_stream_event(table["TableName"], "REMOVE", removed, None)
        return removed

    def change_record(*arguments):
        # Here rather than after the record was emitted: a consumer may read it at once.
        record = build(*arguments)
        return {**record, "userIdentity": SERVICE_IDENTITY} if _sweeping() else record

    dynamodb._remove_item, dynamodb._build_change_record = remove_item, change_record


def _set_from_template(table: str, properties: dict) -> None:
    from ministack.services import dynamodb

    wanted = properties.get("TimeToLiveSpecification")
    if wanted:
        enabled = str(wanted.get("Enabled")).lower() == "true"
        dynamodb._ttl_settings[table] = {
            "TimeToLiveStatus": "ENABLED" if enabled else "DISABLED",
            "AttributeName": wanted.get("AttributeName", ""),
        }


def _sweeping() -> bool:
    return threading.current_thread().name == REAPER
