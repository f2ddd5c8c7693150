"""Queues that a function reads (Lambda Developer Guide, "Creating and configuring an Amazon SQS event source mapping").

- The visibility time-out is at least six times the function's, plus the batching window: it runs while Lambda is throttled and tries again.
- The redrive policy takes a message to the dead-letter queue after five receives or more: throttled batches count.
"""

from collections.abc import Iterator

ADVICE = "Set VisibilityTimeout to 6 × the function's Timeout + the batching window, and maxReceiveCount to 5 or more."
TIMES = 6
FEWEST_RECEIVES = 5
# Defaults of AWS::SQS::Queue and AWS::Lambda::Function, in seconds.
VISIBILITY, TIMEOUT = 30, 3


def of_stack(stack) -> Iterator[tuple[str, str]]:
    queues = dict(stack.of_type("AWS::SQS::Queue"))
    functions = dict(stack.functions())
    for _, function, queue, mapping in stack.mappings():
        if queue not in queues or function not in functions:
            continue
        visibility = int(queues[queue].get("VisibilityTimeout", VISIBILITY))
        timeout, window = int(functions[function].get("Timeout", TIMEOUT)), int(mapping.get("MaximumBatchingWindowInSeconds", 0))
        if visibility < (needed := TIMES * timeout + window):
            yield queue, f"its VisibilityTimeout is {visibility} s; {function} may take {timeout} s, which asks for {needed} s"
        redrive = queues[queue].get("RedrivePolicy")
        if not redrive:
            yield queue, f"{function} reads it, and it has no RedrivePolicy"
        elif int(redrive["maxReceiveCount"]) < FEWEST_RECEIVES:
            yield queue, f"its maxReceiveCount is {redrive['maxReceiveCount']}, fewer than {FEWEST_RECEIVES}"
