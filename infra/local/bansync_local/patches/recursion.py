"""A chain of calls that comes back to a function for the seventeenth time is stopped, as by Lambda's recursive loop detection.

A chain is what one event from outside causes. Its state is in the trace header alone: `Lineage` counts, for each function, how often the
chain has invoked it (AWS X-Ray Developer Guide, "Tracing header"). Lambda gives the header to the runtime, the runtime to the SDK by
`_X_AMZN_TRACE_ID`, and the SDK sends it with every call as `X-Amzn-Trace-Id`; SQS keeps it with the message as `AWSTraceHeader`. No
tracing has to be switched on. Lambda runs a function "approximately 16 times in the same chain of requests" (Lambda Developer Guide, "Use
Lambda recursive loop detection to prevent infinite loops"); here exactly so often.

What is stopped

- is a message: it goes to its queue's dead-letter queue, or is lost without one, and the rest of its batch is delivered;
- is an asynchronous invocation: its event goes to the function's destination for failures at once;
- is a synchronous one: the caller gets `RecursiveInvocationException`;
- counts in the metric `RecursiveInvocationsDropped`. Nothing is stopped of a function whose `RecursiveLoop` is `Allow`.

As on AWS, chains do not go on through DynamoDB, EventBridge or HTTP: an event from there begins a new one. Through S3 they would; here
they do not. A batch of messages is one invocation with one header: that of the message that has come furthest.

MiniStack counts calls of a function by a header that only its own runtimes for Python and Node send, and knows no other way around.
"""

import contextvars
import json
import random
import re
import time
import zlib

from bansync_local.patches import resources

MOST = 16  # invocations of a function in one chain
HEADER = "x-amzn-trace-id"
HOPS = re.compile(r"([0-9a-f]{8}):(\d+)")

# The trace header of what is being done in this context; None: it comes from outside.
cause: contextvars.ContextVar[str | None] = contextvars.ContextVar("bansync_cause", default=None)


def apply() -> None:
    from ministack.services import lambda_svc, sns, sqs

    for service in (lambda_svc, sns, sqs):
        service.handle_request = _with_cause(service.handle_request)
    _keep_with_messages()
    _stop_batches()
    _stop_invocations()
    lambda_svc._xray_trace_id_for_invocation = lambda config, header=None: handed_on(header or cause.get() or "", key_of(config))
    resources.after("AWS::Lambda::Function", _configure)


def _with_cause(handle):
    async def handled(method, path, headers, body, query):
        cause.set(headers.get(HEADER))
        return await handle(method, path, headers, body, query)

    return handled


def _keep_with_messages() -> None:
    from ministack.services import sqs

    attributes_of, complete = sqs._build_send_sys_attrs, sqs._ensure_msg_fields

    def with_header(attributes: dict) -> dict:
        if cause.get():
            attributes.setdefault("AWSTraceHeader", cause.get())
        return attributes

    def completed(message):
        new = "sys" not in message  # from SNS; one that is received has it
        complete(message)
        if new:
            with_header(message["sys"])

    sqs._build_send_sys_attrs = lambda now, given: with_header(attributes_of(now, given))
    sqs._ensure_msg_fields = completed


def _stop_batches() -> None:
    from ministack.services import lambda_svc, sqs

    run = lambda_svc._run_sqs_batch

    def run_others(mapping, function, event, batch, url, name):
        config, key = function["config"], key_of(function["config"])
        stopped = {message["id"] for message in batch if loops(header_of(message), config)}
        if stopped:
            _to_dead_letters(sqs._queues[url], stopped)
            for _ in stopped:
                _count(config)
            batch = [message for message in batch if message["id"] not in stopped]
            event = {"Records": [record for record in event["Records"] if record["messageId"] not in stopped]}
        if not event["Records"]:
            return sqs._delete_messages_for_esm(url, {message["receipt_handle"] for message in batch})
        cause.set(max(map(header_of, batch), key=lambda header: hops_of(header).get(key, 0), default=""))
        return run(mapping, function, event, batch, url, name)

    lambda_svc._run_sqs_batch = run_others


def _stop_invocations() -> None:
    from ministack.services import lambda_svc

    execute, deliver, invoke = lambda_svc._execute_function, lambda_svc.invoke_async_with_retry, lambda_svc._invoke

    def execute_unless_it_loops(function, event):
        config = function.get("config") or function
        if not loops(cause.get(), config):
            return execute(function, event)
        _count(config)
        return {"error": True, "body": {"errorType": "RecursiveInvocationException", "errorMessage": _message(config)}}

    def deliver_unless_it_loops(function, event):
        if loops(cause.get(), function.get("config") or function):
            # It fails at once, and would each time.
            settings = function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
            function = {**function, "event_invoke_config": {**settings, "MaximumRetryAttempts": 0}}
        return deliver(function, event)

    async def invoke_unless_it_loops(name, event, headers, *rest):
        function = lambda_svc._functions.get(name)
        synchronous = headers.get("x-amz-invocation-type", "RequestResponse") == "RequestResponse"
        if function and synchronous and loops(cause.get(), function["config"]):
            _count(function["config"])
            return _refusal(function["config"])
        return await invoke(name, event, headers, *rest)

    lambda_svc._execute_function, lambda_svc.invoke_async_with_retry = execute_unless_it_loops, deliver_unless_it_loops
    lambda_svc._invoke = invoke_unless_it_loops


def key_of(config: dict) -> str:
    """What stands for a function in `Lineage`."""
    from ministack.services import lambda_svc

    return f"{zlib.crc32(lambda_svc._inflight_key(config).encode()):08x}"


def header_of(message: dict) -> str:
    return (message.get("sys") or {}).get("AWSTraceHeader") or ""


def hops_of(header: str) -> dict[str, int]:
    """How often each function has been invoked in the chain that the header is of."""
    return {key: int(count) for key, count in HOPS.findall(header.partition("Lineage=")[2].partition(";")[0])}


def handed_on(header: str, key: str) -> str:
    """The header for an invocation of the function `key` whose cause has this header, or none."""
    fields = dict(field.split("=", 1) for field in header.split(";") if "=" in field)
    hops = hops_of(header)
    hops[key] = hops.get(key, 0) + 1
    root = fields.get("Root") or f"1-{int(time.time()):08x}-{random.getrandbits(96):024x}"
    lineage = "|".join(f"{function}:{count}" for function, count in hops.items())
    return f"Root={root};Parent={random.getrandbits(64):016x};Sampled={fields.get('Sampled', '0')};Lineage={lineage}"


def loops(header: str | None, config: dict) -> bool:
    """Whether an event with this header may not come to the function any more."""
    from ministack.services import lambda_svc

    if not header or hops_of(header).get(key_of(config), 0) < MOST:
        return False
    function = lambda_svc._functions.get(config.get("FunctionName")) or {}
    return function.get("recursive_loop") != "Allow"


def _to_dead_letters(queue: dict, ids: set[str]) -> None:
    from ministack.services import sqs

    with sqs._queues_lock:
        messages = [message for message in queue["messages"] if message["id"] in ids]
        queue["messages"] = [message for message in queue["messages"] if message["id"] not in ids]
        policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
        dead_letters = sqs._queue_by_arn(policy.get("deadLetterTargetArn") or "")
        if dead_letters is None:
            return
        source = {"DeadLetterQueueSourceArn": queue["attributes"]["QueueArn"]}
        moved = {"receipt_handle": None, "visible_at": time.time()}
        dead_letters["messages"].extend({**message, **moved, "sys": {**message["sys"], **source}} for message in messages)
    sqs.esm_wake.set()


def _count(config: dict) -> None:
    from ministack.services import cloudwatch

    dimensions = {"FunctionName": config["FunctionName"]}
    cloudwatch.record_metric("AWS/Lambda", "RecursiveInvocationsDropped", 1, "Count", dimensions)


def _message(config: dict) -> str:
    return (
        "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources and "
        f"stopped your function's invocation: {config['FunctionArn']}"
    )


def _refusal(config: dict) -> tuple:
    from ministack.core.responses import error_response_json

    return error_response_json("RecursiveInvocationException", _message(config), 400)


def _configure(function: str, properties: dict) -> None:
    """CloudFormation's property `RecursiveLoop`, which MiniStack knows only in its API."""
    from ministack.services import lambda_svc

    status, _, body = lambda_svc._put_function_recursion_config(function, {"RecursiveLoop": properties.get("RecursiveLoop", "Terminate")})
    if status >= 400:
        raise ValueError(json.loads(body)["message"])
