"""What is too large, or lacks a part, is refused where MiniStack takes it.

- EventBridge: entries of 1 MB together (PutEvents in botocore's service model; the sizes by "Calculating PutEvents event entry size"), none
  at all, and an entry without a source, a detail type or a JSON object as its detail, which fails alone. Its texts are those that
  LocalStack's `aws.validated` tests and moto have.
- SQS: attributes count with a message's body, in a batch as well (Developer Guide, "Amazon SQS message quotas"; localstack/localstack,
  issue 7147); a delay, a visibility time-out and a wait have ranges (API Reference; the texts in aws-samples/amazon-sqs-dlq-replay-backoff,
  issue 8, and in LocalStack).
- Lambda: 6 MB to and from a function that is called synchronously, 1 MB to one that is not (Developer Guide, "Lambda quotas"; the texts in
  awslabs/aws-athena-query-federation, issue 793, ASFHyP3/hyp3, issue 2241, and aws/aws-lambda-dotnet's tests).
- SNS: a subject is printable ASCII that does not begin with a space, of less than 100 characters (API Reference, "Publish"; getmoto/moto,
  issues 1276 and 1503, have the text). A newer API Reference allows UTF-8, and by issue 1503 AWS takes a hundredth character: this is the
  strictest reading. A topic has 200 filter policies (Developer Guide, "Filter policy constraints"; the code by "Subscribe").

DynamoDB's limits and the other ones of SQS and SNS are MiniStack's own; the tests have them all.
"""

import base64
import binascii
import functools
import itertools
import json
import re

LARGEST_EVENTS = LARGEST_MESSAGE = LARGEST_ASYNCHRONOUS = 1_048_576
LARGEST_SYNCHRONOUS = 6_291_456
LARGEST_ANSWER = 6_291_556  # a hundred more, for what Lambda wraps it in
MOST_FILTERS = 200
SUBJECT = re.compile(r"[!-~][ -~]{0,98}")
INVOCATION = re.compile(r"/2015-03-31/functions/[^/]+/invocations")


def apply() -> None:
    _of_events()
    _of_messages()
    _of_functions()
    _of_topics()


def _of_events() -> None:
    from ministack.core.responses import error_response_json
    from ministack.services import eventbridge

    put = eventbridge._put_events

    def put_checked(data, *rest, **named):
        entries = data.get("Entries") or []
        if not entries:
            constraint = "failed to satisfy constraint: Member must have length greater than or equal to 1"
            return error_response_json("ValidationException", f"1 validation error detected: Value '[]' at 'entries' {constraint}", 400)
        if sum(map(_entry_size, entries)) >= LARGEST_EVENTS:
            return error_response_json("ValidationException", "Total size of the entries in the request is over the limit.", 400)
        wrong = {number: failure for number, entry in enumerate(entries) if (failure := _entry_failure(entry))}
        if not wrong or len(entries) > 10:
            return put(data, *rest, **named)
        kept = [entry for number, entry in enumerate(entries) if number not in wrong]
        status, headers, body = put({**data, "Entries": kept}, *rest, **named)
        answer = json.loads(body)
        taken = iter(answer["Entries"])
        answer["Entries"] = [wrong.get(number) or next(taken) for number in range(len(entries))]
        answer["FailedEntryCount"] += len(wrong)
        return status, headers, json.dumps(answer).encode()

    eventbridge._put_events = put_checked


def _entry_size(entry: dict) -> int:
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or [])]
    return 14 * ("Time" in entry) + sum(len(text.encode()) for text in texts if text)


def _entry_failure(entry: dict) -> dict | None:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            text = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": text}
    try:
        well = isinstance(json.loads(entry["Detail"]), dict)
    except ValueError:
        well = False
    return None if well else {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


def _of_messages() -> None:
    from ministack.services import sqs

    send, send_batch, receive, change = (
        sqs._act_send_message, sqs._act_send_message_batch, sqs._act_receive_message, sqs._act_change_visibility
    )  # fmt: skip

    def refuse(text: str):
        raise sqs._Err("InvalidParameterValue", text)

    def send_checked(data, url):
        queue = sqs._get_q(data.get("QueueUrl", url))
        largest = int(queue["attributes"].get("MaximumMessageSize", LARGEST_MESSAGE))
        if _message_size(data) > largest:
            refuse(f"One or more parameters are invalid. Reason: Message must be shorter than {largest} bytes.")
        delay = data.get("DelaySeconds")
        if delay is not None and not 0 <= int(delay) <= 900:
            refuse(f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.")
        return send(data, url)

    def send_checked_batch(data, url):
        size = sum(map(_message_size, data.get("Entries") or []))
        if size > LARGEST_MESSAGE and len(data["Entries"]) <= 10:
            text = f"Batch requests cannot be longer than {LARGEST_MESSAGE} bytes. You have sent {size} bytes."
            raise sqs._Err("BatchRequestTooLong", text)
        return send_batch(data, url)

    async def receive_checked(data, url):
        wait = data.get("WaitTimeSeconds")
        if wait is not None and not 0 <= int(wait) <= 20:
            refuse(f"Value {wait} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.")
        return await receive(data, url)

    def change_checked(data, url):
        seconds = int(data.get("VisibilityTimeout", 0))
        if not 0 <= seconds <= 43_200:
            reason = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
            refuse(f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: {reason}")
        return change(data, url)

    sqs._act_send_message, sqs._act_send_message_batch = send_checked, send_checked_batch
    sqs._act_receive_message, sqs._act_change_visibility = receive_checked, change_checked
    sqs._HANDLERS |= {
        "SendMessage": send_checked, "SendMessageBatch": send_checked_batch, "ReceiveMessage": receive_checked,
        "ChangeMessageVisibility": change_checked,
    }  # fmt: skip


def _message_size(message: dict) -> int:
    """The bytes of the body and of each attribute's name, type and value."""
    size = len((message.get("MessageBody") or "").encode("utf-8", "surrogatepass"))
    for name, value in (message.get("MessageAttributes") or {}).items():
        texts = (name, value.get("DataType") or "", value.get("StringValue") or "")
        size += sum(len(text.encode()) for text in texts) + _binary_size(value.get("BinaryValue"))
    return size


def _binary_size(value: str | bytes | None) -> int:
    try:
        return len(base64.b64decode(value or b""))
    except binascii.Error:
        return len(value)


def _of_functions() -> None:
    from ministack import app
    from ministack.core.responses import error_response_json

    handle = app.SERVICE_HANDLERS["lambda"]

    async def handle_checked(method, path, headers, body, query):
        if method != "POST" or not INVOCATION.fullmatch(path):
            return await handle(method, path, headers, body, query)
        asynchronous = headers.get("x-amz-invocation-type") == "Event"
        if asynchronous and len(body) > LARGEST_ASYNCHRONOUS:
            text = f"{len(body)} byte payload is too large for the Event invocation type (limit {LARGEST_ASYNCHRONOUS} bytes)"
            return error_response_json("RequestEntityTooLargeException", text, 413)
        if len(body) > LARGEST_SYNCHRONOUS:
            text = f"Request must be smaller than {LARGEST_SYNCHRONOUS} bytes for the InvokeFunction operation"
            return error_response_json("RequestEntityTooLargeException", text, 413)
        status, answered, answer = await handle(method, path, headers, body, query)
        if status == 200 and len(answer) > LARGEST_ANSWER:
            text = f"Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER} bytes)."
            answer = json.dumps({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": text}).encode()
            answered = {**answered, "X-Amz-Function-Error": "Unhandled"}
        return status, answered, answer

    app.SERVICE_HANDLERS["lambda"] = handle_checked


def _of_topics() -> None:
    from ministack.services import sns

    publish, subscribe, set_attribute = sns._publish, sns._subscribe, sns._set_subscription_attributes
    # Otherwise an empty subject, which is refused, would be none, which is not.
    sns.parse_qs = functools.partial(sns.parse_qs, keep_blank_values=True)

    def publish_checked(params):
        if "Subject" in params and not SUBJECT.fullmatch(sns._p(params, "Subject")):
            return sns._error("InvalidParameter", "Invalid parameter: Subject", 400)
        return publish(params)

    def subscribe_checked(params):
        topic = sns._topic_by_arn_any_scope(sns._normalize_arn(sns._p(params, "TopicArn")))
        endpoint = (sns._p(params, "Protocol"), sns._p(params, "Endpoint"))
        subscriptions = topic["subscriptions"] if topic else []
        # Who subscribes the same endpoint again gets the subscription that there is.
        known = any((one["protocol"], one["endpoint"]) == endpoint for one in subscriptions)
        if not known and _filters(_filter_policy(params)) and _filtered(subscriptions) >= MOST_FILTERS:
            return refused()
        return subscribe(params)

    def set_attribute_checked(params):
        arn = sns._p(params, "SubscriptionArn")
        topic = sns._topic_by_arn_any_scope(arn.rpartition(":")[0])
        others = [one for one in topic["subscriptions"] if one["arn"] != arn] if topic else []
        new = sns._p(params, "AttributeName") == "FilterPolicy" and _filters(sns._p(params, "AttributeValue"))
        return refused() if new and _filtered(others) >= MOST_FILTERS else set_attribute(params)

    def refused():
        # The wording is ours: AWS documents none.
        return sns._error("FilterPolicyLimitExceeded", f"A topic has {MOST_FILTERS} filter policies at most.", 403)

    sns._publish, sns._subscribe, sns._set_subscription_attributes = publish_checked, subscribe_checked, set_attribute_checked


def _filter_policy(params: dict) -> str | None:
    """The filter policy among the attributes of a request; they are numbered from 1."""
    from ministack.services import sns

    for number in itertools.count(1):
        name = sns._p(params, f"Attributes.entry.{number}.key")
        if name in ("", "FilterPolicy"):
            return sns._p(params, f"Attributes.entry.{number}.value") if name else None


def _filters(policy: str | None) -> bool:
    """An empty policy is none."""
    return (policy or "").strip() not in ("", "{}")


def _filtered(subscriptions: list[dict]) -> int:
    return sum(_filters(one["attributes"].get("FilterPolicy")) for one in subscriptions)
