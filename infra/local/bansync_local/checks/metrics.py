"""Metrics that functions print: at any log level they have to arrive.

With JSON logs Lambda drops lines below the function's level before CloudWatch reads metrics from them, and a line without `level` and
`timestamp` counts as INFO (Lambda Developer Guide, "Configuring advanced logging controls for Lambda functions"). So whoever writes the
embedded metric format writes both. The template lets an operator choose WARN; what is printed stands in the sources.
"""

from collections.abc import Iterator

ADVICE = "Print `level` (the highest that Lambda knows, FATAL) and `timestamp` (RFC 3339) with each embedded metric."
FORMAT, WANTED = '"CloudWatchMetrics"', ('"level"', '"timestamp"')


def of_project(project) -> Iterator[tuple[str, str]]:
    for name, text in project.sources.items():
        if FORMAT in text:
            for field in WANTED:
                if field not in text:
                    yield name, f"it prints embedded metrics without {field}"
