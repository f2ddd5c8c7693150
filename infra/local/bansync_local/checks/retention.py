"""What becomes of data when a stack fails, changes or goes.

- `DeletionPolicy: Retain` keeps a table also where the stack that should create it is rolled back: the table is left without a stack, and
  the next attempt makes another. `RetainExceptOnCreate` does not (CloudFormation, "DeletionPolicy attribute").
- `UpdateReplacePolicy` decides about the old one of a replacement, and knows no `RetainExceptOnCreate` (CloudFormation,
  "UpdateReplacePolicy attribute").
- `DeletionProtectionEnabled` refuses DeleteTable by anybody (DynamoDB Developer Guide, "Using deletion protection").
"""

from collections.abc import Iterator

ADVICE = (
    "Make them depend on the stage: DeletionPolicy: !If [IsProd, RetainExceptOnCreate, Delete], UpdateReplacePolicy: !If [IsProd, Retain, "
    "Delete], and for tables DeletionProtectionEnabled: !If [IsProd, true, false]."
)
# Holds counters and leases that are made anew.
SHORT_LIVED = ("GatewayTable",)


def of_stack(stack) -> Iterator[tuple[str, str]]:
    for name, properties in stack.of_type("AWS::DynamoDB::Table", "AWS::S3::Bucket"):
        resource = stack.resources[name]
        on_delete, on_replace = (resource.get(policy, "Delete") for policy in ("DeletionPolicy", "UpdateReplacePolicy"))
        is_table = resource["Type"] == "AWS::DynamoDB::Table"
        protected = is_table and properties.get("DeletionProtectionEnabled", False) in (True, "true")
        if on_delete == "Retain":
            yield name, "DeletionPolicy Retain leaves it behind when the stack's creation fails"
        if not stack.production:
            if protected or on_delete == "RetainExceptOnCreate":
                yield name, "it outlives a stack that is no production"
        elif name not in SHORT_LIVED:
            if on_delete == "Delete":
                yield name, "it is deleted with the stack"
            if on_replace != "Retain":
                yield name, "it is deleted when an update replaces it: UpdateReplacePolicy is no Retain"
            if is_table and not protected:
                yield name, "it is not protected against deletion"
