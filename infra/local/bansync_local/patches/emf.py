"""Metrics from log lines in CloudWatch's embedded metric format.

CloudWatch makes metrics of such lines by itself; MiniStack only stores them. Alarms are judged right after, because
MiniStack judges them only when a metric is put.
"""

import json
import logging

log = logging.getLogger(__name__)


def apply() -> None:
    from ministack.services import cloudwatch, lambda_svc

    emit = lambda_svc._emit_lambda_logs

    def emit_with_metrics(function, request_id, text, *rest, **named):
        emit(function, request_id, text, *rest, **named)
        data = [datum for line in (text or "").splitlines() for datum in read(line)]
        for namespace, name, dimensions, time, unit, values in data:
            cloudwatch._store_datum(namespace, name, dimensions, time, unit, None, values, None, None)
        if data:
            cloudwatch._evaluate_all_alarms()

    lambda_svc._emit_lambda_logs = emit_with_metrics


def read(line: str) -> list[tuple]:
    """The data of one log line: (namespace, metric, dimensions, epoch seconds, unit, values). Not EMF: none."""
    if '"CloudWatchMetrics"' not in line:
        return []
    try:
        document = json.loads(line)
        envelope = document["_aws"]
        return [
            (
                directive["Namespace"],
                metric["Name"],
                {key: str(document[key]) for key in keys},
                envelope["Timestamp"] / 1000,
                metric.get("Unit", "None"),
                [float(value) for value in _list(document[metric["Name"]])],
            )
            for directive in envelope["CloudWatchMetrics"]
            for keys in directive.get("Dimensions") or [[]]
            for metric in directive["Metrics"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # CloudWatch drops a malformed line as well, but without telling anybody.
        log.error("A log line looks like an embedded metric but is none (%s): %s", error, line[:200])
        return []


def _list(value):
    return value if isinstance(value, list) else [value]
