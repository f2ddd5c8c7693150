"""Which AWS call a request is, and whose."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Call:
    """`service` is MiniStack's name ("dynamodb", "sqs", "events", "ssm"), `operation` AWS's ("PutItem"); `function`
    is the Lambda function whose role signed the request, None for anybody else (tests, sam, boto3)."""

    service: str
    operation: str
    function: str | None

    @classmethod
    def read(cls, method: str, path: str, headers: dict, body: bytes, query: dict) -> "Call":
        from ministack import app
        from ministack.core.iam_actions import extract_iam_action
        from ministack.core.router import detect_service, extract_access_key_id

        parameters = app._routing_params(method, path, headers, body, query)
        service = detect_service(method, path, headers, parameters)
        # DynamoDB's transactions are no IAM actions: the header names the call itself.
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if not operation:
            action = extract_iam_action(service, method, path, headers, body, parameters)
            operation = (action or f"{service}:{method}").rpartition(":")[2]
        return cls(service, operation, function_of(extract_access_key_id(headers, query)))


def function_of(access_key: str | None) -> str | None:
    """MiniStack gives each function a session of its role, named after the function (its first 64 characters)."""
    from ministack.services import sts

    session = sts._sessions.get(access_key or "", {})
    kind, _, role_and_name = session.get("Arn", "").rpartition(":")[2].partition("/")
    return role_and_name.rpartition("/")[2] if kind == "assumed-role" else None
