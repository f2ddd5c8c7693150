"""Logs: JSON from every function, into a group that the template makes.

A group that Lambda makes itself keeps its logs for ever, and stays when the stack goes. Lines that are no JSON pass no log level (Lambda
Developer Guide, "Configuring advanced logging controls for Lambda functions").
"""

from collections.abc import Iterator

from bansync_local.template import named

ADVICE = "Set LoggingConfig: {LogFormat: JSON, LogGroup: !Ref …} in Globals, with a log group of the template."


def of_stack(stack) -> Iterator[tuple[str, str]]:
    groups = dict(stack.of_type("AWS::Logs::LogGroup"))
    for name, properties in stack.functions():
        logging = properties.get("LoggingConfig", {})
        if logging.get("LogFormat") != "JSON":
            yield name, "its logs are no JSON"
        if named(logging.get("LogGroup")) not in groups:
            yield name, "its log group is none of the template's"
    for name, properties in groups.items():
        if "RetentionInDays" not in properties:
            yield name, "it keeps logs for ever"
