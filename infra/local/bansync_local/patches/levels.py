"""Log lines below the levels that a function's `LoggingConfig` names are not kept, and no metric comes of them.

MiniStack keeps every line. Of a function that logs in JSON, Lambda sends only lines of `ApplicationLogLevel` or above to CloudWatch, where
embedded metrics are read (Lambda Developer Guide, "Log-level filtering"):

- the level is a line's own where it is JSON with a known `level` and a `timestamp` as of RFC 3339; all else counts as INFO, an embedded
  metric without those two included. Lambda takes other names for the timestamp too, such as a managed runtime's; we rely on none;
- platform lines are filtered by `SystemLogLevel` alone: the start is INFO, the report INFO, the end DEBUG; report and end of an
  invocation that failed are WARN ("System log level event mapping"; MiniStack writes them as text, not as JSON);
- both levels are INFO where they are not set, and a function that logs text is not filtered.

Lambda also tells the function, by AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL in its environment.
"""

import json
import re
import threading

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
DEFAULT = "INFO"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")

# Platform lines, which MiniStack writes around the function's own: (how each begins, level, level where the invocation failed).
PLATFORM = (("START RequestId: ", "INFO", "INFO"), ("END RequestId: ", "DEBUG", "WARN"), ("REPORT RequestId: ", "INFO", "WARN"))


def apply() -> None:
    from ministack.services import cloudwatch_logs, lambda_svc

    emit, environment_of = lambda_svc._emit_lambda_logs, lambda_svc._provided_worker_env
    append, forward = cloudwatch_logs._append_log_events, cloudwatch_logs._fanout_to_subscription_filters
    at_hand = threading.local()

    def emit_by_level(function, request_id, text, error, *rest, **named):
        logging = _logging(function.get("config") or function)
        if logging is None:
            return emit(function, request_id, text, error, *rest, **named)
        lines = [line for line in (text or "").splitlines() if at_least(level_of(line), logging.get("ApplicationLogLevel"))]
        levels = [(begin, failed if error else usual) for begin, usual, failed in PLATFORM]
        dropped = tuple(begin + request_id for begin, level in levels if not at_least(level, logging.get("SystemLogLevel")))
        if not lines and len(dropped) == len(PLATFORM):
            return None
        at_hand.dropped = dropped
        try:
            return emit(function, request_id, "\n".join(lines), error, *rest, **named)
        finally:
            at_hand.dropped = ()

    def kept(events):
        dropped = getattr(at_hand, "dropped", ())
        return [event for event in events if not event["message"].startswith(dropped)] if dropped else events

    def environment_with_level(config, *rest):
        logging = _logging(config)
        if logging is None:
            return environment_of(config, *rest)
        level = logging.get("ApplicationLogLevel") or DEFAULT
        return {**environment_of(config, *rest), "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": level}

    lambda_svc._emit_lambda_logs, lambda_svc._provided_worker_env = emit_by_level, environment_with_level
    cloudwatch_logs._append_log_events = lambda stream, events: append(stream, kept(events))
    cloudwatch_logs._fanout_to_subscription_filters = lambda group, stream, events: forward(group, stream, kept(events))


def _logging(config: dict) -> dict | None:
    """How the function logs; None where nothing is filtered."""
    logging = config.get("LoggingConfig") or {}
    return logging if logging.get("LogFormat") == "JSON" else None


def at_least(level: str, wanted: str | None) -> bool:
    return LEVELS.index(level) >= LEVELS.index(wanted or DEFAULT)


def level_of(line: str) -> str:
    """The level by which Lambda judges a line of a function."""
    try:
        document = json.loads(line)
    except ValueError:
        return DEFAULT
    if not isinstance(document, dict) or not RFC_3339.fullmatch(str(document.get("timestamp"))):
        return DEFAULT
    level = str(document.get("level")).upper()
    return level if level in LEVELS else DEFAULT
