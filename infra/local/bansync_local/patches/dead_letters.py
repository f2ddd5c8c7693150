"""Putting a message into a queue as a service of AWS does, past the permissions of whoever made the request at hand."""

import contextvars


def put(queue_arn: str, body: str, attributes: dict[str, str]) -> None:
    """Send the message; the queue must exist."""

    def send():
        from ministack.core import iam_evaluator
        from ministack.services import sqs

        iam_evaluator._request_caller_arn.set("")
        strings = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        url = sqs._queue_name_to_url[queue_arn.rpartition(":")[2]]
        sqs._act_send_message({"QueueUrl": url, "MessageBody": body, "MessageAttributes": strings}, url)

    contextvars.copy_context().run(send)
