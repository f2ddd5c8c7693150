"""Log streams of a group that functions share are named after the function.

CloudWatch names them `<date>/<function>[<version>]<id>` when `LoggingConfig.LogGroup` is set (Lambda Developer Guide,
"Configuring CloudWatch log groups"). MiniStack leaves the function out, so nobody could tell whose lines they are; and
it opens a stream for each invocation, where Lambda has one for each environment.
"""

import threading


def apply() -> None:
    from ministack.services import cloudwatch_logs, lambda_svc

    emit, lock = lambda_svc._emit_lambda_logs, threading.Lock()

    def emit_to_named_stream(function, *rest, **named):
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup")
        if not group:
            return emit(function, *rest, **named)
        # One at a time: the stream that is new afterwards is this call's.
        with lock:
            emit(function, *rest, **named)
            streams = cloudwatch_logs._log_groups.get(group, {}).get("streams")
            if streams:
                _rename_newest(streams, config)

    lambda_svc._emit_lambda_logs = emit_to_named_stream


def _rename_newest(streams: dict, config: dict) -> None:
    name = next(reversed(streams))
    date, _, rest = name.rpartition("/")
    if not rest.startswith("["):  # nothing was written
        return
    stream = streams.pop(name)
    wanted = f"{date}/{config.get('FunctionName', 'unknown')}{rest.partition(']')[0]}]"
    kept = streams.setdefault(wanted, stream)
    if kept is not stream:
        kept["events"].extend(stream["events"])
        kept.update({key: stream[key] for key in ("lastEventTimestamp", "lastIngestionTime")})
