"""Functions that send to the queue they read.

Lambda stops a chain of a function and a queue after about 16 turns and gives the message to the dead-letter queue, unless the function has
`RecursiveLoop: Allow` (Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops"). Elsewhere the detection is
a protection to keep.
"""

from collections.abc import Iterator

ADVICE = "Set RecursiveLoop: Allow on a function that puts messages back into its own queue, and on no other."


def of_stack(stack) -> Iterator[tuple[str, str]]:
    for function, properties in stack.functions():
        read = [source for _, reader, source, _ in stack.mappings() if reader == function]
        loops = sorted({source for source in read if stack.may(function, "sqs:SendMessage", source)})
        allowed = properties.get("RecursiveLoop") == "Allow"
        if loops and not allowed:
            yield function, f"it reads {', '.join(loops)} and may send to it; Lambda drops the message after about 16 turns"
        if allowed and not loops:
            yield function, "it allows recursive loops and sends to no queue that it reads"
