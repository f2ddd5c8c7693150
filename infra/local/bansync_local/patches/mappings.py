"""Event source mappings that Lambda refuses are refused.

MiniStack makes every mapping that is asked for, and CloudFormation in it does not even look at the limits that its API keeps. On AWS

- one function reads one source by one mapping, whatever the filters: the second is a `ResourceConflictException` (409; its message is
  another for queues: LocalStack's `validate_event_source_mapping`, whose tests ran on AWS);
- a queue's visibility timeout is at least the timeout of the function that reads it. Only the creation of the mapping is refused: both
  timeouts can be changed afterwards (github-aws-runners/terraform-aws-github-runner, pull request 467);
- `MaximumConcurrency` is 2 to 1000 and for queues only (Lambda API reference, ScalingConfig).

More than two readers of a DynamoDB stream are not refused: AWS only throttles them.
"""

import json


def apply() -> None:
    from ministack.services import lambda_svc
    from ministack.services.cloudformation import provisioners

    by_api, by_stack = lambda_svc._create_esm, provisioners._lambda_esm_create

    def create_by_api(data):
        return refusal(data) or by_api(data)

    def create_by_stack(logical_id, properties, stack):
        properties = _with_numbers(properties)
        scaling = lambda_svc._validate_scaling_config(properties, properties.get("EventSourceArn", ""))
        if refused := scaling or refusal(properties):
            raise ValueError(_as_stack_event(*refused))
        return by_stack(logical_id, properties, stack)

    lambda_svc._create_esm = create_by_api
    # A mapping that is replaced is made by the function itself, one that is new by its entry.
    provisioners._lambda_esm_create = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]["create"] = create_by_stack


def refusal(mapping: dict) -> tuple | None:
    """Lambda's error answer to the request for this mapping: (status, headers, body); None where there is none."""
    from ministack.core.responses import error_response_json
    from ministack.services import lambda_svc

    name, qualifier, unknown = lambda_svc._resolve_existing_esm_function(mapping.get("FunctionName", ""))
    if unknown:
        return None  # MiniStack says so itself
    source = mapping.get("EventSourceArn", "")
    function = lambda_svc._func_arn(name) + (f":{qualifier}" if qualifier else "")
    for other in lambda_svc._esms.values():
        if (other["EventSourceArn"], other["FunctionArn"]) == (source, function):
            return error_response_json("ResourceConflictException", _conflict(source, name, other["UUID"]), 409)
    message = _too_short(source, name, qualifier)
    return error_response_json("InvalidParameterValueException", message, 400) if message else None


def _conflict(source: str, function: str, uuid: str) -> str:
    # The blanks inside of the quotation marks are Lambda's.
    advice = f"Please update or delete the existing mapping with UUID {uuid}"
    if ":sqs:" in source:
        return f'An event source mapping with SQS arn (" {source} ") and function (" {function} ") already exists. {advice}'
    return f'The event source arn (" {source} ") and function (" {function} ") provided mapping already exists. {advice}'


def _too_short(source: str, function: str, qualifier: str | None) -> str | None:
    """What Lambda says of a queue that shows a message again while the function may still be at it."""
    from ministack.services import lambda_svc, sqs

    queue = sqs._queue_by_arn(source) if ":sqs:" in source else None
    if queue is None:
        return None
    _, config = lambda_svc._get_func_record_for_qualifier(function, qualifier)
    visibility, timeout = int(queue["attributes"]["VisibilityTimeout"]), int(config["Timeout"])
    if visibility >= timeout:
        return None
    return f"Queue visibility timeout: {visibility} seconds is less than Function timeout: {timeout} seconds"


def _with_numbers(properties: dict) -> dict:
    """The properties with the number that a template's parameter gives as text."""
    scaling = properties.get("ScalingConfig") or {}
    text = scaling.get("MaximumConcurrency")
    if isinstance(text, str) and text.isdecimal():
        return {**properties, "ScalingConfig": {**scaling, "MaximumConcurrency": int(text)}}
    return properties


def _as_stack_event(status: int, headers: dict, body: bytes) -> str:
    """The reason as a stack's events give it."""
    return f'Resource handler returned message: "{json.loads(body)["message"]} (Service: Lambda, Status Code: {status})"'
