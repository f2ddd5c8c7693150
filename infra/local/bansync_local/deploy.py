"""Deploy template.yaml by CloudFormation alone: `python -m bansync_local.deploy`, with a request as JSON on standard input.

    {"stack": "bansync",                          its name, and the prefix of its secrets: /bansync/bot-token
     "template": "…/template.yaml",               the last name of each `CodeUri` in it is a folder of "code"
     "code": "…/target/local/lambda",             what is deployed: not what `CodeUri` names, which is for Lambda
     "parameters": {"Stage": "local", …},         the template's
     "secrets": {"bot-token": "…", …},            written before the stack, whose functions read them
     "first_secrets": {"jwt-keys": "…"}}          the same, kept where there are some already

Prints the stack's outputs as JSON. CloudFormation itself expands the template's transforms; what the SAM CLI does besides (zip each
folder, put it into a bucket, name it in the template) is done here, without a process that takes half a minute to start.
"""

import functools
import hashlib
import io
import json
import pathlib
import re
import sys
import time
import zipfile

import botocore.exceptions

from bansync_local import aws

# A client reads its service's description, which takes longer than a call.
client = functools.cache(aws.client)

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
CODE_URI = re.compile(r"^(\s*CodeUri:\s*)(?!s3://)(\S+?)/?\s*$", re.MULTILINE)
SECONDS_BETWEEN_LOOKS = 0.2
# What CloudFormation says of an update that changes nothing; there is no code of its own for it.
NOTHING_TO_DO = "No updates are to be performed"


def deploy(request: dict) -> dict[str, str]:
    """The outputs of the stack, created or updated as the request asks."""
    stack = request["stack"]
    put_secrets(stack, request["secrets"], overwrite=True)
    put_secrets(stack, request["first_secrets"], overwrite=False)
    path = pathlib.Path(request["template"])
    bucket = f"{stack}-code"
    create_bucket(bucket)
    text = with_code_uploaded(path.read_text(), pathlib.Path(request["code"]), bucket)
    apply(stack, text, bucket, request["parameters"])
    return outputs(stack)


def put_secrets(stack: str, secrets: dict[str, str], overwrite: bool) -> None:
    """CloudFormation cannot create a SecureString."""
    ssm = client("ssm")
    for name, value in secrets.items():
        try:
            ssm.put_parameter(Name=f"/{stack}/{name}", Value=value, Type="SecureString", Overwrite=overwrite)
        except ssm.exceptions.ParameterAlreadyExists:
            pass


def create_bucket(name: str) -> None:
    s3 = client("s3")
    region = s3.meta.region_name
    # S3's oldest region is named by naming none (S3 API Reference, CreateBucket), and the only one that accepts a bucket that is there.
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=name, **place)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        pass


def with_code_uploaded(template: str, folder: pathlib.Path, bucket: str) -> str:
    """The template with each `CodeUri` in the bucket, by the hash of what it holds: code that did not change is no update."""
    s3, keys = client("s3"), {}

    def uploaded(match: re.Match) -> str:
        uri = match[2]
        if uri not in keys:
            name = pathlib.PurePath(uri).name
            content = zipped(folder / name)
            keys[uri] = f"{name}-{hashlib.sha256(content).hexdigest()}.zip"
            s3.put_object(Bucket=bucket, Key=keys[uri], Body=content)
        return f"{match[1]}s3://{bucket}/{keys[uri]}"

    return CODE_URI.sub(uploaded, template)


def zipped(folder: pathlib.Path) -> bytes:
    """A folder as a Lambda's code; the same files give the same bytes. Not compressed: it goes no further than this machine."""
    if not folder.is_dir():
        sys.exit(f"{folder} is missing: a function's code is built there, see CodeUri in the template")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            # The time of a file is none of its content; Lambda needs the permission to execute.
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix())
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, file.read_bytes())
    return content.getvalue()


def apply(stack: str, template: str, bucket: str, parameters: dict[str, str]) -> None:
    """Create or update the stack and wait for the end."""
    cloudformation = client("cloudformation")
    # A request takes 51,200 bytes of template (CloudFormation's quotas), an object 1 MB.
    key = f"{hashlib.sha256(template.encode()).hexdigest()}.yaml"
    client("s3").put_object(Bucket=bucket, Key=key, Body=template.encode())
    url = f"{client('s3').meta.endpoint_url}/{bucket}/{key}"
    arguments = {
        "StackName": stack,
        "TemplateURL": url,
        "Capabilities": CAPABILITIES,
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    }
    if ended(stack) == "ROLLBACK_COMPLETE":
        # A first create that failed: nothing can be done with such a stack but deleting it (CloudFormation User Guide, "Stack status codes").
        cloudformation.delete_stack(StackName=stack)
        ended(stack)
    if described(stack) is None:
        cloudformation.create_stack(**arguments)
    else:
        try:
            cloudformation.update_stack(**arguments)
        except cloudformation.exceptions.ClientError as error:
            if NOTHING_TO_DO not in str(error):
                raise
            return
    status = ended(stack)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        sys.exit(f"The stack is {status}.\n{reasons(stack)}")


def ended(stack: str) -> str | None:
    """The stack's status once nothing is in progress; None where there is no stack, or no more."""
    while (found := described(stack)) and found["StackStatus"].endswith("_IN_PROGRESS"):
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return found and found["StackStatus"]


def described(stack: str) -> dict | None:
    """What CloudFormation says of a stack; None where there is none."""
    try:
        return client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except botocore.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def outputs(stack: str) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in described(stack).get("Outputs", [])}


def reasons(stack: str) -> str:
    """Why resources failed, the first first."""
    events = client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    failed = (event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED"))
    return "\n".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}" for event in failed)


def main() -> None:
    try:
        print(json.dumps(deploy(json.load(sys.stdin))))
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        sys.exit(f"The deploy failed: {error}")


if __name__ == "__main__":
    main()
