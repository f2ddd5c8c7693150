"""A table with `DeletionProtectionEnabled` stays, whoever wants to delete it.

MiniStack refuses DeleteTable, in words of its own, but its CloudFormation deletes the table all the same. On AWS the resource becomes
DELETE_FAILED: a deleted stack ends as DELETE_FAILED, a first create that is rolled back as ROLLBACK_FAILED, whatever the deletion policy
says of it (Amazon DynamoDB Developer Guide, "Using deletion protection"). The words are quoted in dynoxide, issue 46.
"""

import functools

TABLE = "AWS::DynamoDB::Table"
PROTECTED = "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."


def apply() -> None:
    from ministack.core.responses import error_response_json
    from ministack.services import dynamodb
    from ministack.services.cloudformation import provisioners

    delete_table, delete_resource = dynamodb._delete_table, provisioners._ddb_delete

    @functools.wraps(delete_table)
    def asked_to_delete(data):
        name = dynamodb._normalize_table_name(data.get("TableName"))
        return error_response_json("ValidationException", PROTECTED, 400) if protected(name) else delete_table(data)

    @functools.wraps(delete_resource)
    def deleted(name, properties):
        if protected(name):
            raise ValueError(f'Resource handler returned message: "{PROTECTED} (Service: DynamoDb, Status Code: 400)"')
        delete_resource(name, properties)

    dynamodb._delete_table = asked_to_delete
    provisioners._ddb_delete = provisioners._RESOURCE_HANDLERS[TABLE]["delete"] = deleted


def protected(name: str) -> bool:
    from ministack.services import dynamodb

    # A parameter's boolean arrives as text.
    return str((dynamodb._tables.get(name) or {}).get("DeletionProtectionEnabled")).lower() == "true"
