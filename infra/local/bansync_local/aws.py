"""One AWS call: `python -m bansync_local.aws SERVICE OPERATION [JSON | -]`.

Prints the answer as JSON; a stream (a Lambda's payload, an object) is text in it, or base64 where it is no text. `-` reads the parameters from standard input, which keeps a secret out of the process
list. The endpoint is AWS_ENDPOINT_URL; on a loopback endpoint the credentials are the local AWS's own.
"""

import base64
import json
import os
import sys
import urllib.parse

import boto3
import botocore.exceptions
from botocore.config import Config
from botocore.response import StreamingBody

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def client(service: str, endpoint: str | None = None):
    """A boto3 client for the endpoint (default: AWS_ENDPOINT_URL, else real AWS)."""
    endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL")
    local = endpoint and urllib.parse.urlsplit(endpoint).hostname in LOOPBACK
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"} if local else {}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    # An endpoint of somebody's own has no host name a bucket.
    config = Config(s3={"addressing_style": "path"}) if endpoint else None
    return boto3.client(service, endpoint_url=endpoint, region_name=region, config=config, **keys)


def call(service: str, operation: str, parameters: dict) -> dict:
    """The answer without its metadata; streams are read."""
    answer = getattr(client(service), operation)(**parameters)
    answer.pop("ResponseMetadata", None)
    return {key: _text(value.read()) if isinstance(value, StreamingBody) else value for key, value in answer.items()}


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


def main(arguments: list[str]) -> None:
    if len(arguments) not in (2, 3):
        sys.exit(__doc__)
    service, operation, *rest = arguments
    source = rest[0] if rest else "{}"
    parameters = json.loads(sys.stdin.read() if source == "-" else source)
    try:
        print(json.dumps(call(service, operation, parameters), default=str))
    except botocore.exceptions.BotoCoreError as error:
        sys.exit(f"{service} {operation}: {error}")
    except botocore.exceptions.ClientError as error:
        sys.exit(f"{service} {operation}: {error.response['Error']['Code']}: {error.response['Error'].get('Message')}")


if __name__ == "__main__":
    main(sys.argv[1:])
