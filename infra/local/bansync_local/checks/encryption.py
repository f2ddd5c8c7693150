"""What encryption and backups cost.

- DynamoDB encrypts every table by a key of its own, free of charge. `SSESpecification: {SSEEnabled: true}` takes the AWS-managed key in
  KMS instead, whose requests are billed (DynamoDB Developer Guide, "DynamoDB encryption at rest").
- Point-in-time recovery is billed by size: for tables whose content cannot be made anew.
"""

from collections.abc import Iterator

from bansync_local.checks.retention import SHORT_LIVED

ADVICE = "Leave SSESpecification out; PointInTimeRecoveryEnabled is for long-lived tables in production."


def of_stack(stack) -> Iterator[tuple[str, str]]:
    for name, properties in stack.of_type("AWS::DynamoDB::Table"):
        encryption = properties.get("SSESpecification", {})
        if is_true(encryption.get("SSEEnabled")) and "KMSMasterKeyId" not in encryption:
            yield name, "SSESpecification turns the AWS-managed key on, whose requests are billed"
        backed_up = is_true(properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"))
        if backed_up and name in SHORT_LIVED:
            yield name, "point-in-time recovery of short-lived state"
        if not backed_up and name not in SHORT_LIVED and stack.production:
            yield name, "no point-in-time recovery of what cannot be made anew"


def is_true(value) -> bool:
    """CloudFormation takes both."""
    return value in (True, "true")
