"""How many invocations run at once: a function's reserved concurrency and the account's quota, as Lambda shares them out.

The quota is BANSYNC_ACCOUNT_CONCURRENCY (default: AWS's 1000; many new accounts have 10). Differences from MiniStack:

- what a function has reserved is its own, and the other functions share the rest ("Understanding function scaling", Lambda Developer
  Guide); MiniStack lets all count against the quota;
- a reservation that leaves the others less than 100, or less than a smaller quota is, is refused; the message's number is 10 for a quota
  of 10 (aws-samples/alarm-context-tool, issue 2);
- CloudFormation's `ReservedConcurrentExecutions` is kept;
- an asynchronous event that finds no room is tried again until `MaximumEventAgeInSeconds` is over, and no try counts ("How Lambda handles
  errors and retries with asynchronous invocation"); in MiniStack two retries are all;
- the pollers of a queue do not know of the reservation. They take up to five batches at once (or `MaximumConcurrency`), those that find
  no room stay invisible for the queue's visibility timeout, and each receive counts ("Using Lambda with Amazon SQS"); MiniStack waits;
- an HTTP API answers 503 for a function without room, with the body `{"message":"Service Unavailable"}`: users saw so (anomalyco/sst, issue
  2232), it is written down nowhere. MiniStack answers 429, as a function URL does ("Throttling", Lambda function URLs).

The error of a synchronous invocation, 429 `TooManyRequestsException` with its `Reason`, streams (see `stream`) and the mapping's
`MaximumConcurrency` need nothing.
"""

import contextvars
import json
import os
import time

from bansync_local.patches import resources

QUOTA = int(os.environ.get("BANSYNC_ACCOUNT_CONCURRENCY") or 1000)
LEAST_UNRESERVED = min(100, QUOTA)
POLLERS = 5  # batches that Lambda takes from a queue at once, to begin with
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0  # seconds between tries; AWS begins with a second and goes on to five minutes
OLDEST = 21_600  # seconds, AWS's default for MaximumEventAgeInSeconds

# When the asynchronous event at hand expires, Unix seconds; None: it is none.
expires: contextvars.ContextVar[float | None] = contextvars.ContextVar("bansync_event_expires", default=None)
by_http_api: contextvars.ContextVar[bool] = contextvars.ContextVar("bansync_by_http_api", default=False)


def apply() -> None:
    from ministack.services import lambda_svc

    put, throttled = lambda_svc._put_function_concurrency, lambda_svc._throttle_response

    def put_if_enough_is_left(name, data):
        return (lambda_svc._functions.get(name) and refusal(name, data.get("ReservedConcurrentExecutions", 0))) or put(name, data)

    def throttled_in_lambdas_words(reason_code, msg, **more):
        answer = throttled(reason_code, "Rate Exceeded.", **more)
        answer["body"]["Type"] = "User"
        return answer

    lambda_svc._throttle_response = throttled_in_lambdas_words
    lambda_svc._ACCOUNT_CONCURRENCY_CAP = QUOTA  # GetAccountSettings tells it
    lambda_svc._acquire_execution_slot = acquire
    lambda_svc._put_function_concurrency = put_if_enough_is_left
    lambda_svc._sqs_esm_concurrency = batches_at_once
    _try_again()
    _answer_as_http_api()
    resources.before("AWS::Lambda::Function", _check)
    resources.after("AWS::Lambda::Function", _configure)


def reserved_by(function: dict | None) -> int | None:
    return (function or {}).get("concurrency")


def unreserved(without: str | None = None) -> int:
    """What functions without a reservation share; one function's own may be left out of the account."""
    from ministack.services import lambda_svc

    return QUOTA - sum(reserved_by(function) or 0 for name, function in lambda_svc._functions.items() if name != without)


def acquire(function: dict, config: dict) -> tuple[str | None, str | None]:
    """(key, None) of an invocation that may run now, or (None, "function" or "account") for the limit that is reached."""
    from ministack.services import lambda_svc

    key, running = lambda_svc._inflight_key(config), lambda_svc._inflight
    scope = key.removesuffix(config.get("FunctionName", "?"))
    # A version has no reservation of its own, and the record at hand may be older than the reservation.
    reserved = reserved_by(lambda_svc._functions.get(config.get("FunctionName")))
    with lambda_svc._inflight_lock:
        if reserved is not None:
            if running.get(key, 0) >= reserved:
                return None, "function"
        elif lambda_svc._inflight_total >= LEAST_UNRESERVED:  # below it there is room whatever is reserved
            shared = sum(count for other, count in running.items() if other.startswith(scope) and _shares(other.removeprefix(scope)))
            if shared >= unreserved():
                return None, "account"
        running[key] = running.get(key, 0) + 1
        lambda_svc._inflight_total += 1
    return key, None


def _shares(name: str) -> bool:
    from ministack.services import lambda_svc

    return reserved_by(lambda_svc._functions.get(name)) is None


def refusal(name: str | None, wanted: int) -> tuple | None:
    """Lambda's error answer to a reservation of this size for the function, or None."""
    from ministack.core.responses import error_response_json

    if unreserved(without=name) - wanted >= LEAST_UNRESERVED:
        return None
    message = (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value "
        f"of [{LEAST_UNRESERVED}]."
    )
    return error_response_json("InvalidParameterValueException", message, 400)


def batches_at_once(mapping: dict, function: dict, config: dict, queue: dict | None = None) -> int:
    if (queue or {}).get("is_fifo"):
        return 1  # as MiniStack: more would mix up the order within a group
    return int((mapping.get("ScalingConfig") or {}).get("MaximumConcurrency") or POLLERS)


def _try_again() -> None:
    from ministack.services import lambda_svc

    execute, deliver = lambda_svc._execute_function, lambda_svc.invoke_async_with_retry

    def execute_when_there_is_room(function, event):
        pause = FIRST_PAUSE
        while (result := execute(function, event)).get("throttle") and time.time() + pause < (expires.get() or 0):
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return result

    def deliver_with_age(function, event):
        settings = function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
        # MiniStack delivers in a copy of this context.
        token = expires.set(time.time() + int(settings.get("MaximumEventAgeInSeconds") or OLDEST))
        try:
            return deliver(function, event)
        finally:
            expires.reset(token)

    lambda_svc._execute_function, lambda_svc.invoke_async_with_retry = execute_when_there_is_room, deliver_with_age


def _answer_as_http_api() -> None:
    from ministack.services import apigateway, lambda_svc

    invoke, answer_of = apigateway._invoke_lambda_proxy, lambda_svc.lambda_execute_result_to_api_proxy_response

    async def invoke_for_http_api(*arguments, **named):
        token = by_http_api.set(True)
        try:
            return await invoke(*arguments, **named)
        finally:
            by_http_api.reset(token)

    def answer(result):
        if by_http_api.get() and result.get("throttle"):
            return {"statusCode": 503, "headers": {"Content-Type": "application/json"}, "body": '{"message":"Service Unavailable"}'}, None
        return answer_of(result)

    apigateway._invoke_lambda_proxy, lambda_svc.lambda_execute_result_to_api_proxy_response = invoke_for_http_api, answer


def _wanted(properties: dict) -> int | None:
    """The reservation that a template names; parameters give it as text."""
    value = properties.get("ReservedConcurrentExecutions")
    return None if value is None else int(value)


def _check(function: str | None, properties: dict) -> None:
    wanted = _wanted(properties)
    refused = wanted is not None and refusal(function, wanted)
    if refused:
        message = json.loads(refused[2])["message"]
        raise ValueError(f'Resource handler returned message: "{message} (Service: Lambda, Status Code: {refused[0]})"')


def _configure(function: str, properties: dict) -> None:
    from ministack.services import lambda_svc

    lambda_svc._functions[function]["concurrency"] = _wanted(properties)
