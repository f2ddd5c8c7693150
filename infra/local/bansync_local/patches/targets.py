"""A rule invokes its function asynchronously: what fails is tried again, and then goes to the function's dead-letter queue.

MiniStack 1.5.33 calls the function once and forgets the event, though it does retry for others who invoke so
(`eventbridge._dispatch_to_lambda`). Without this, a planner that fails once loses its event, which AWS would not.
"""

import json


def apply() -> None:
    from ministack.services import eventbridge, lambda_svc

    dispatch = eventbridge._dispatch_to_lambda

    def dispatched(arn, payload):
        func, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if not func or not config:
            return dispatch(arn, payload)  # it logs so
        return lambda_svc.invoke_async_with_retry(func, json.loads(payload))

    eventbridge._dispatch_to_lambda = dispatched
