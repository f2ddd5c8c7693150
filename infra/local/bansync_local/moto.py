"""The template on a second emulator, moto: `python -m bansync_local.moto TEMPLATE` or `… --tables TEMPLATE`.

MiniStack and our patches could share a mistake with us; moto's authors read the same documents independently. The first form creates the
stack and compares what is there with the template. The second creates only the tables, prints `{"endpoint": …, "tables": {"BansTable":
"its name", …}}` as one line, and serves until standard input ends: for tests of the storage against another DynamoDB.

moto is installed in an environment of its own (requirements-moto.txt); its server is a process on a free port of 127.0.0.1.
"""

import argparse
import contextlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator

from bansync_local import aws, stack, template
from bansync_local.template import flat, named

ROOT = pathlib.Path(__file__).resolve().parents[3]
SERVER = ROOT / "target/local/venv-moto/bin/moto_server"
STACK = "bansync"
START_SECONDS = 120
LOG_CHARACTERS = 4000
# The stack that is created.
CHOSEN = {"Stage": "local", "FrontDoor": "http-api"}

# Resource types that moto 5.2.5 does not create by CloudFormation. It says so in its log and goes on, and then fails to list the stack's
# resources; so these are taken out, and references to them are given as plain text.
LACKING = {
    "AWS::ApiGatewayV2::Api": "moto has the API of API Gateway v2, and no resources of it",
    "AWS::ApiGatewayV2::Authorizer": "as above",
    "AWS::ApiGatewayV2::Integration": "as above",
    "AWS::ApiGatewayV2::Route": "as above",
    "AWS::ApiGatewayV2::Stage": "as above",
    "AWS::CloudWatch::Alarm": "no resource, and no metrics that would reach it",
    "AWS::Lambda::EventInvokeConfig": "no resource",
    "AWS::Lambda::Permission": "made without an id, at which the listing fails; bansync_local.checks looks at permissions",
    "AWS::Lambda::Url": "no resource",
    "AWS::SNS::Subscription": "no resource",
    "AWS::SNS::TopicPolicy": "no resource",
    "AWS::SQS::QueuePolicy": "no resource",
    "AWS::Scheduler::ScheduleGroup": "no resource",
}


def prepared(made: stack.Stack, only: tuple[str, ...] = ()) -> dict:
    """The stack as a template that moto can create; `only`: types of resources."""
    kept = {
        name: resource
        for name, resource in made.resources.items()
        if resource["Type"] not in LACKING and (not only or resource["Type"] in only)
    }
    buses = {name: properties["Name"] for name, properties in made.of_type("AWS::Events::EventBus")}
    # Their conditions are decided.
    made_always = {name: {key: value for key, value in resource.items() if key != "Condition"} for name, resource in kept.items()}
    return {"Resources": {name: _adapted(resource, set(kept), buses) for name, resource in made_always.items()}}


def _adapted(value, kept: set[str], buses: dict):
    match value:
        # moto gives its own object for the Ref of a bus, where CloudFormation gives the name.
        case {"Ref": str(name)} if name in buses:
            return buses[name]
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Sub": _} if _left_out(value, kept):
            return re.sub(r"\$\{[^}]*\}", lambda match: match[0].strip("${}").replace("AWS::", ""), flat(value))
        case dict():
            # Says whether resources stay when the stack goes: it goes with the process.
            return {key: _adapted(item, kept, buses) for key, item in value.items() if key not in ("DeletionPolicy", "UpdateReplacePolicy")}
        case list():
            return [_adapted(item, kept, buses) for item in value]
    return value


def _left_out(value, kept: set[str]) -> bool:
    """Whether the value refers to a resource that is not created, or to something that AWS does not define itself."""
    return any(name not in kept and not name.startswith("AWS::") for name in template.references(value))


@contextlib.contextmanager
def served(server: pathlib.Path = SERVER) -> Iterator[str]:
    """Endpoint of a moto server, which ends with the block."""
    with tempfile.TemporaryDirectory(prefix="bansync-moto-") as folder:
        log = pathlib.Path(folder, "log")
        # Whether a policy allows what is asked is MiniStack's to judge; here any key will do.
        environment = {"PATH": os.environ.get("PATH", ""), "AWS_DEFAULT_REGION": "us-east-1", "PYTHONWARNINGS": "ignore"}
        with log.open("w") as output:
            process = subprocess.Popen(
                # Port 0: the kernel picks a free one, and the server prints it.
                [server, "--host", "127.0.0.1", "--port", "0"],
                stdout=output, stderr=subprocess.STDOUT, env=environment,
            )  # fmt: skip
        try:
            yield _endpoint(process, log)
        except Exception:
            # Its answer tells nothing of an error of its own.
            print(log.read_text()[-LOG_CHARACTERS:], file=sys.stderr)
            raise
        finally:
            process.kill()
            process.wait()


def _endpoint(process: subprocess.Popen, log: pathlib.Path) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(r"Running on (http://\S+)", log.read_text()):
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(f"moto's server did not start:\n{log.read_text()}")


def create(endpoint: str, body: dict) -> dict[str, str]:
    """Create the stack; physical ids by logical ones."""
    _put_code(endpoint)
    cloudformation = aws.client("cloudformation", endpoint)
    cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_IAM"])
    status = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
    if status != "CREATE_COMPLETE":
        raise RuntimeError(f"The stack is {status}.")
    listed = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    created = {resource["LogicalResourceId"]: resource.get("PhysicalResourceId") for resource in listed}
    _set_ttl(endpoint, body, created)
    return created


def _put_code(endpoint: str) -> None:
    """The archive that `template.UPLOADED` names; moto reads it and never runs it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("bootstrap", "")
    bucket, key = template.UPLOADED.removeprefix("s3://").split("/", 1)
    s3 = aws.client("s3", endpoint)
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=content.getvalue())


def _set_ttl(endpoint: str, body: dict, created: dict[str, str]) -> None:
    """moto's CloudFormation leaves TimeToLiveSpecification out."""
    dynamodb = aws.client("dynamodb", endpoint)
    for name, resource in body["Resources"].items():
        expiry = resource.get("Properties", {}).get("TimeToLiveSpecification")
        if resource["Type"] == "AWS::DynamoDB::Table" and expiry:
            dynamodb.update_time_to_live(TableName=created[name], TimeToLiveSpecification=expiry)


def complaints(endpoint: str, body: dict, created: dict[str, str]) -> Iterator[str]:
    """What the template asks for and moto does not have."""
    missing = sorted(body["Resources"].keys() - created.keys())
    yield from (f"{name}: moto created no {body['Resources'][name]['Type']}; is its type one for LACKING?" for name in missing)
    look = {"AWS::DynamoDB::Table": _table, "AWS::SQS::Queue": _queue, "AWS::Lambda::Function": _function}
    for name, resource in body["Resources"].items():
        if name in created and resource["Type"] in look:
            yield from (f"{name}: {wrong}" for wrong in look[resource["Type"]](endpoint, created, name, resource.get("Properties", {})))
    yield from _mappings(endpoint, body)


def _table(endpoint: str, created: dict[str, str], name: str, wanted: dict) -> Iterator[str]:
    dynamodb = aws.client("dynamodb", endpoint)
    table = dynamodb.describe_table(TableName=created[name])["Table"]
    for key in ("KeySchema", "AttributeDefinitions"):
        if _sorted(table[key]) != _sorted(wanted[key]):
            yield f"{key} is {table[key]}"
    indexes, asked = (
        {index["IndexName"]: (index["KeySchema"], index["Projection"]) for index in of.get("GlobalSecondaryIndexes", [])}
        for of in (table, wanted)
    )
    if indexes != asked:
        yield f"its indexes are {indexes}"
    if ("StreamSpecification" in wanted) != ("LatestStreamArn" in table):
        yield f"its stream is {table.get('LatestStreamArn')}"
    expiry = dynamodb.describe_time_to_live(TableName=created[name])["TimeToLiveDescription"].get("AttributeName")
    if expiry != wanted.get("TimeToLiveSpecification", {}).get("AttributeName"):
        yield f"its time to live is read from {expiry}"


def _sorted(items: list[dict]) -> list[dict]:
    return sorted(items, key=json.dumps)


def _queue(endpoint: str, created: dict[str, str], name: str, wanted: dict) -> Iterator[str]:
    sqs = aws.client("sqs", endpoint)
    attributes = sqs.get_queue_attributes(QueueUrl=created[name], AttributeNames=["All"])["Attributes"]
    for key in ("VisibilityTimeout", "MessageRetentionPeriod"):
        if key in wanted and str(wanted[key]) != attributes[key]:
            yield f"{key} is {attributes[key]}"
    redrive = json.loads(attributes.get("RedrivePolicy", "null"))
    if (redrive is None) != ("RedrivePolicy" not in wanted):
        yield f"its redrive policy is {redrive}"
    elif redrive:
        letters = created[named(wanted["RedrivePolicy"]["deadLetterTargetArn"])].rpartition("/")[2]
        if redrive["deadLetterTargetArn"].rpartition(":")[2] != letters:
            yield f"its letters go to {redrive['deadLetterTargetArn']}"


def _function(endpoint: str, created: dict[str, str], name: str, wanted: dict) -> Iterator[str]:
    found = aws.client("lambda", endpoint).get_function_configuration(FunctionName=created[name])
    for key in ("Runtime", "Handler", "Timeout", "MemorySize"):
        if key in wanted and str(found[key]) != str(wanted[key]):
            yield f"{key} is {found[key]}"
    variables = found.get("Environment", {}).get("Variables", {})
    asked = wanted.get("Environment", {}).get("Variables", {})
    if variables.keys() != asked.keys():
        yield f"its environment has {', '.join(variables)}"
    for variable, value in asked.items():
        if isinstance(value, dict) and "Ref" in value and created.get(value["Ref"], variables.get(variable)) != variables.get(variable):
            yield f"{variable} is {variables[variable]}"


def _mappings(endpoint: str, body: dict) -> Iterator[str]:
    wanted = sum(resource["Type"] == "AWS::Lambda::EventSourceMapping" for resource in body["Resources"].values())
    found = aws.client("lambda", endpoint).list_event_source_mappings()["EventSourceMappings"]
    if len(found) != wanted:
        yield f"{len(found)} event source mappings of {wanted}"


def chosen(path: pathlib.Path) -> stack.Stack:
    """The stack of the template that is created here."""
    read = template.read(path)
    return stack.one_of(read, max(stack.choices(read), key=lambda one: sum(one.get(name) == value for name, value in CHOSEN.items())))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bansync_local.moto", description=__doc__)
    parser.add_argument("template", type=pathlib.Path)
    parser.add_argument("--tables", action="store_true", help="serve the tables alone until standard input ends")
    parser.add_argument("--server", type=pathlib.Path, default=SERVER, help="moto_server (default: the installed one)")
    args = parser.parse_args(arguments)
    if not args.server.is_file():
        sys.exit(f"{args.server} is missing: install infra/local/requirements-moto.txt into an environment.")
    made = chosen(args.template)
    with served(args.server) as endpoint:
        if args.tables:
            tables = create(endpoint, prepared(made, only=("AWS::DynamoDB::Table",)))
            print(json.dumps({"endpoint": endpoint, "tables": tables}), flush=True)
            sys.stdin.read()
            return 0
        body = prepared(made)
        wrong = list(complaints(endpoint, body, create(endpoint, body)))
    print("".join(f"{sentence}\n" for sentence in wrong), end="")
    print(f"moto: CREATE_COMPLETE, {len(body['Resources'])} resources, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
