"""Concurrency in a new account.

A new account may have a quota of 10 concurrent executions, and reserved concurrency must leave 100 of the quota unreserved, so that any
reservation fails there (Lambda Developer Guide, "Lambda quotas" and "Configuring reserved concurrency"). Mappings of queues take their
MaximumConcurrency of the quota, at least 2 each ("Configuring scaling behavior for SQS event source mappings"), those of streams their
ParallelizationFactor for each shard, of which a table has one to begin with or some; something is left for the webhook.
"""

from collections.abc import Iterator

ADVICE = "Let the defaults fit an account with 10: parameters for those who have more, and no reserved concurrency by default."
MOST = 9
FEWEST = 2


def of_project(project) -> Iterator[tuple[str, str]]:
    stack = project.stacks[0]
    queues, total = dict(stack.of_type("AWS::SQS::Queue")), 0
    for name, _, source, properties in stack.mappings():
        if source not in queues:
            total += int(properties.get("ParallelizationFactor", 1))
            continue
        most = properties.get("ScalingConfig", {}).get("MaximumConcurrency")
        if most is None:
            yield name, "it has no MaximumConcurrency: it may take all of the account's concurrency"
            continue
        if int(most) < FEWEST:
            yield name, f"its MaximumConcurrency is {most}, which Lambda refuses: at least {FEWEST}"
        total += int(most)
    if total > MOST:
        yield "MaximumConcurrency", f"the mappings take {total} executions by default, of an account's 10; at most {MOST}"
    for name, properties in stack.functions():
        if "ReservedConcurrentExecutions" in properties:
            yield name, "it reserves concurrency by default"
