"""Event source mappings that Lambda or DynamoDB refuses.

- One mapping for each function and source: a second one is answered 409 `ResourceConflictException`, whatever it filters (Lambda API,
  CreateEventSourceMapping).
- At most two readers of a stream's shard; a third throttles the others (DynamoDB Developer Guide, "Reading and processing a stream").
"""

from collections import Counter
from collections.abc import Iterator

from bansync_local.template import flat

ADVICE = "Give the second mapping a function of its own, or join the filters in one mapping."
MOST_READERS = 2


def of_stack(stack) -> Iterator[tuple[str, str]]:
    first, readers = {}, Counter()
    for name, function, source, properties in stack.mappings():
        other = first.setdefault((function, source), name)
        if other != name:
            yield name, f"{function} reads {source} already by {other}; Lambda refuses a second mapping of both"
        readers[source] += flat(properties["EventSourceArn"]).endswith(".StreamArn}")
    for source, count in readers.items():
        if count > MOST_READERS:
            yield source, f"{count} mappings read its stream, which takes {MOST_READERS} readers"
