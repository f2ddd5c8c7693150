"""Local AWS processes for the tests, and functions on them written in Python."""

import atexit
import functools
import io
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

from bansync_local import aws

PACKAGE_ROOT = pathlib.Path(__file__).resolve().parents[1]
BOOTSTRAP = pathlib.Path(__file__).with_name("bootstrap.py").read_text()


def free_port() -> int:
    """A free port below the range from which the kernel takes outgoing ones."""
    for port in random.sample(range(20_000, 32_000), 50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise RuntimeError("No free port found between 20000 and 32000.")


# Seconds that what must come may take: no busy machine misses it.
PATIENCE = 180


def eventually(read, wanted=bool, seconds: float = PATIENCE):
    """The first value of `read()` that is `wanted`; after the time, the last one."""
    end = time.monotonic() + seconds
    while not wanted(value := read()) and time.monotonic() < end:
        time.sleep(0.1)
    return value


class LocalAws:
    """A local AWS of its own, stopped when Python ends."""

    def __init__(self, without: tuple[str, ...], settings: dict[str, str]):
        self.folder = tempfile.TemporaryDirectory(prefix="bansync-local-")
        self.endpoint = f"http://127.0.0.1:{(port := free_port())}"
        arguments = ["--port", str(port), "--state", self.folder.name, *(f"--without={name}" for name in without)]
        self.log = open(pathlib.Path(self.folder.name, "log"), "w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bansync_local", *arguments],
            cwd=PACKAGE_ROOT, env={**os.environ, "BANSYNC_TTL_SWEEP_SECONDS": "0.3", **settings},
            stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        atexit.register(self.stop)
        if not eventually(self._answers):
            raise RuntimeError(f"The local AWS did not start:\n{pathlib.Path(self.log.name).read_text()}")

    def _answers(self) -> bool:
        try:
            return self.request("GET", "/_ministack/health")[0] == 200
        except OSError:
            return False

    def stop(self) -> None:
        # The group holds the function processes as well.
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def client(self, service: str):
        return aws.client(service, self.endpoint)

    def request(self, method: str, path: str, body=None, headers: dict | None = None):
        """(status, headers, text) of a plain request; a status that is an error is no exception."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.endpoint + path, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def control(self, method: str, name: str, body=None):
        status, _, text = self.request(method, f"/_bansync/{name}", body)
        assert status == 200, text
        return json.loads(text)

    def function(self, name: str, source: str, *, may: str | list[str] = "*", on: tuple[str, ...] = ("*",), seconds: int = 30) -> str:
        """Create a function from the source of a Python function `handle(event)`; returns its ARN.

        Its role allows the actions `may` on the resources `on`; `seconds`: its time-out, also to start where a busy machine has not done so in the
        ten seconds that a function has before it is invoked.
        """
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, f"#!{sys.executable}\n{source}\n{BOOTSTRAP}")
        return self.client("lambda").create_function(
            FunctionName=name, Runtime="provided.al2023", Handler="bootstrap", Role=self.role(name, may, on),
            Timeout=seconds, Code={"ZipFile": packed.getvalue()},
        )["FunctionArn"]  # fmt: skip

    def permit(self, function: str, service: str, source: str) -> None:
        """Let a service ("events") invoke the function for the source, an ARN."""
        self.client("lambda").add_permission(
            FunctionName=function, StatementId=f"{service}-{random.getrandbits(32)}", Action="lambda:InvokeFunction",
            Principal=f"{service}.amazonaws.com", SourceArn=source,
        )  # fmt: skip

    def queue(self, name: str, policy: dict | None = None) -> tuple[str, str]:
        """The URL and the ARN of a new queue. `policy`: a statement without its resource."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        if policy:
            statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn, **policy}
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _policy(statement)})
        return url, arn

    def received(self, url: str, seconds: float = PATIENCE) -> dict | None:
        """A message of the queue, taken from it, with its attributes as texts."""
        sqs = self.client("sqs")
        receive = lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")  # noqa: E731
        messages = eventually(receive, seconds=seconds)
        if not messages:
            return None
        sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])
        attributes = messages[0].get("MessageAttributes", {})
        return {"body": messages[0]["Body"], **{name: value["StringValue"] for name, value in attributes.items()}}

    def role(
        self, name: str, action: str | list[str], resources: tuple[str, ...], service: str = "lambda", condition: dict | None = None
    ) -> str:
        """The ARN of a new role that a service may assume, and which allows the actions on the resources."""
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
        allowed = {"Effect": "Allow", "Action": action, "Resource": resources}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust | ({"Condition": condition} if condition else {})))
        iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=_policy(allowed))
        return role["Role"]["Arn"]

    def deploy(self, name: str, resources: dict) -> None:
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


class Stack:
    """A stack of a SAM template, and requests to its API."""

    def __init__(self, machine, name: str):
        self.machine, self.name = machine, name
        self.cloudformation = machine.client("cloudformation")

    def create(self, text: str) -> str:
        """Create it; returns its status in the end."""
        self.cloudformation.create_stack(**self._arguments(text))
        return self._ended()

    def update(self, text: str) -> str:
        self.cloudformation.update_stack(**self._arguments(text))
        return self._ended()

    def _arguments(self, text: str) -> dict:
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        return {"StackName": self.name, "TemplateBody": text, "Capabilities": capabilities}

    def _ended(self) -> str:
        return eventually(lambda: self.described()["StackStatus"], lambda status: not status.endswith("_IN_PROGRESS"))

    def described(self) -> dict:
        return self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]

    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self.described().get("Outputs", [])}

    def resources(self) -> dict[str, str]:
        """The physical id of each resource that stands."""
        listed = self.cloudformation.list_stack_resources(StackName=self.name)["StackResourceSummaries"]
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in listed if not resource["ResourceStatus"].startswith("DELETE")
        }  # fmt: skip

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=self.name)
        self.cloudformation.get_waiter("stack_delete_complete").wait(StackName=self.name, WaiterConfig={"Delay": 1})

    def reasons(self) -> str:
        events = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def ask(self, method: str, path: str, api: str | None = None, headers: dict | None = None):
        """(status, JSON or headers) of a request to the API of the output `Front`."""
        path = f"/_aws/execute-api/{api or self.outputs()['Front']}/$default{path}"
        status, answered, text = self.machine.request(method, path, headers=headers)
        return status, json.loads(text) if text else answered


def _policy(statement: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@functools.cache
def local_aws(*without: str, **settings: str) -> LocalAws:
    """One process for each set of left-out patches and of environment variables, shared by all tests."""
    return LocalAws(without, settings)
