"""DynamoDB stream → Lambda as AWS does it: nothing skipped, nothing stuck.

MiniStack ignores `ReportBatchItemFailures` (the failed record and those behind it are lost) and
`MaximumRetryAttempts` (a poison record is retried for ever), and it calls the function on the one thread that polls
every event source. This replaces its polling step for DynamoDB streams:

- a partial answer moves on to the first failed record and reads again from there;
- a failing batch is cut in half (`BisectBatchOnFunctionError`), then retried `MaximumRetryAttempts` times, then
  given to `OnFailure`, and the stream goes on behind it;
- each mapping is read on a thread of its own, one batch at a time.
"""

import time

from bansync_local.patches.scope import owned_by

FOR_EVER = -1  # AWS's default for MaximumRetryAttempts and MaximumRecordAgeInSeconds
LARGEST_BATCH = 10_000  # AWS's limit for a stream
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0  # seconds between tries; AWS starts similarly and goes on to a minute


def apply() -> None:
    from ministack.services import lambda_svc

    mappings: dict[str, Reader] = {}

    def poll() -> bool:
        """Hand every mapping that has records to its own thread; true if there was one."""
        started = False
        for account, region, mapping in lambda_svc._iter_all_esms():
            with owned_by(account, region):
                reader = mappings.setdefault(mapping["UUID"], Reader())
                started = reader.start(mapping) or started
        return started

    lambda_svc._poll_dynamodb_streams = poll


class Reader:
    """Where one event source mapping stands between two batches."""

    def __init__(self):
        self.busy = False
        self.attempts = 0  # failed tries of the batch at the present position
        self.window = None  # records a batch while a failing one is being cut in half
        self.not_before = 0.0

    def start(self, mapping: dict) -> bool:
        from ministack.core import concurrency
        from ministack.services import dynamodb, lambda_svc

        if self.busy or not mapping.get("Enabled", True) or time.time() < self.not_before:
            return False
        table = table_of(mapping.get("EventSourceArn", ""))
        function, _ = lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
        if table is None or function is None:
            return False
        start = position(mapping, table)
        size = min(self.window or LARGEST_BATCH, int(mapping.get("BatchSize", 100)))
        batch = dynamodb.stream_records_since(table, start, size)
        if not batch:
            return False
        self.busy = True
        concurrency.spawn_background(self._run, mapping, function, table, batch, thread_name="bansync-stream")
        return True

    def _run(self, mapping, function, table, batch) -> None:
        from ministack.services import lambda_svc

        try:
            self._deliver(mapping, function, batch)
        finally:
            self.busy = False
            lambda_svc._esm_wake.set()

    def _deliver(self, mapping, function, batch) -> None:
        from ministack.services import lambda_svc

        wanted = lambda_svc._apply_filter_criteria(batch, mapping)
        if not wanted:
            return self._advance(mapping, len(batch))
        answer = lambda_svc._execute_function(function, {"Records": wanted})
        failed = first_failed(answer, wanted, mapping)
        if failed is None:
            mapping["LastProcessingResult"] = f"OK - {len(wanted)} records"
            return self._advance(mapping, len(batch))
        mapping["LastProcessingResult"] = "FAILED"
        done = batch.index(wanted[failed])
        if failed > 0:
            self._advance(mapping, done)
        self._failed(mapping, function, batch[done:], answer)

    def _failed(self, mapping, function, batch, answer) -> None:
        """The batch (its first wanted record, at least) failed: cut it, retry it, or give it up."""
        from ministack.services import lambda_svc

        if answer.get("throttle"):  # nothing ran, so nothing counts
            return self._pause()
        gone = _gave_up(mapping, batch, self.attempts)
        if len(batch) > 1 and mapping.get("BisectBatchOnFunctionError"):
            self.window = len(batch) // 2  # cutting is no try
            return self._pause()
        if gone is None:
            self.attempts += 1
            return self._pause()
        lambda_svc._send_ddb_stream_failure_record(mapping, function, batch, mapping["EventSourceArn"], answer, gone)
        self._advance(mapping, len(batch))

    def _pause(self) -> None:
        self.not_before = time.time() + min(FIRST_PAUSE * (1 + self.attempts), LONGEST_PAUSE)

    def _advance(self, mapping, records: int) -> None:
        from ministack.services import lambda_svc

        self.attempts, self.window, self.not_before = 0, None, 0.0
        with lambda_svc._dynamodb_stream_positions_lock:
            lambda_svc._dynamodb_stream_positions[mapping["UUID"]] += records


def first_failed(answer: dict, records: list[dict], mapping: dict) -> int | None:
    """The index of the first record that must be delivered again; None when all are done.

    An identifier that names no record of the batch fails all of it, as on AWS.
    """
    if answer.get("error"):
        return 0
    if not _partial(mapping):
        return None
    body = answer.get("body")
    failures = body.get("batchItemFailures") if isinstance(body, dict) else None
    if not failures:
        return None
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    named = [failure.get("itemIdentifier") for failure in failures]
    return min(numbers.index(name) if name in numbers else 0 for name in named)


def _partial(mapping: dict) -> bool:
    return "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or [])


def _gave_up(mapping: dict, batch: list[dict], attempts: int) -> str | None:
    """AWS's word for why a batch is not retried any more, or None."""
    most = int(mapping.get("MaximumRetryAttempts", FOR_EVER))
    if most != FOR_EVER and attempts >= most:
        return "RetryAttemptsExhausted"
    oldest = int(mapping.get("MaximumRecordAgeInSeconds") or FOR_EVER)
    age = time.time() - float(batch[0]["dynamodb"]["ApproximateCreationDateTime"])
    return "MaxRecordAgeExceeded" if oldest != FOR_EVER and age > oldest else None


def table_of(stream_arn: str) -> str | None:
    """The table whose present stream this is, in the account and region in scope."""
    from ministack.core.arn import ArnParseError, parse_arn
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import dynamodb, lambda_svc

    try:
        arn = parse_arn(stream_arn)
    except ArnParseError:
        return None
    if (arn.service, arn.account_id, arn.region) != ("dynamodb", get_account_id(), get_region()):
        return None
    found = lambda_svc._dynamodb_stream_table_from_arn_spec(arn)
    table = dynamodb._tables.get(found[0]) if found else None
    return found[0] if table and table.get("LatestStreamArn") == stream_arn else None


def position(mapping: dict, table: str) -> int:
    """Where the mapping reads next, never before the oldest record that is still kept."""
    from ministack.services import dynamodb, lambda_svc

    horizon = dynamodb.stream_start_position(table)
    positions = lambda_svc._dynamodb_stream_positions
    with lambda_svc._dynamodb_stream_positions_lock:
        if mapping["UUID"] not in positions:
            oldest = mapping.get("StartingPosition", "LATEST") == "TRIM_HORIZON"
            positions[mapping["UUID"]] = horizon if oldest else dynamodb.stream_end_position(table)
        positions[mapping["UUID"]] = max(positions[mapping["UUID"]], horizon)
        return positions[mapping["UUID"]]
