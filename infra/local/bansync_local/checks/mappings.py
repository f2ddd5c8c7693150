"""Event source mappings that Lambda or DynamoDB refuses.

- One mapping for each function and source: a second one is answered 409 `ResourceConflictException`, whatever it filters (Lambda API,
  CreateEventSourceMapping).
- At most two readers of a stream's shard; a third throttles the others (DynamoDB Developer Guide, "Reading and processing a stream").

And what would lose records: a stream's reader that gives up after some tries, within minutes, what an outage of hours holds back. A stream
keeps records for a day, and `MaximumRetryAttempts: -1` tries for as long (Lambda API, CreateEventSourceMapping).
"""

from collections import Counter
from collections.abc import Iterator

from bansync_local.template import flat

ADVICE = "Give the second mapping a function of its own, or join the filters in one mapping; retry a stream's records until they expire (-1)."
MOST_READERS = 2
FOR_EVER = -1  # Lambda's default


def of_stack(stack) -> Iterator[tuple[str, str]]:
    first, readers = {}, Counter()
    for name, function, source, properties in stack.mappings():
        other = first.setdefault((function, source), name)
        if other != name:
            yield name, f"{function} reads {source} already by {other}; Lambda refuses a second mapping of both"
        is_stream = flat(properties["EventSourceArn"]).endswith(".StreamArn}")
        readers[source] += is_stream
        most = properties.get("MaximumRetryAttempts", FOR_EVER)
        if is_stream and most != FOR_EVER:
            yield name, f"it gives records of {source} up after {most} retries"
    for source, count in readers.items():
        if count > MOST_READERS:
            yield source, f"{count} mappings read its stream, which takes {MOST_READERS} readers"
