"""An event is delivered as EventBridge does it: tried again by the target's retry policy, then put into its dead-letter queue.

MiniStack keeps `RetryPolicy` and `DeadLetterConfig` of a target and acts on neither.

- A throttled call and a failure of the service are tried again: 185 times and for 24 hours unless the policy says less (EventBridge User
  Guide, "How EventBridge retries delivering events"). A missing permission and a missing target are not ("Using dead-letter queues to
  process undelivered events").
- The queue's message is the event, with the attributes of that page. EventBridge puts it there as itself, which the queue's policy must
  allow. A schedule's message is its input and put there with the schedule's role (EventBridge Scheduler User Guide, "Configuring a
  schedule's dead-letter queue").
- Functions are called asynchronously, so their own failures are Lambda's to retry, and a lack of concurrency, too: see `concurrency`.

A call that a rule of `control.faults` strikes is such a failure: service "lambda", operation "Invoke", function "events.amazonaws.com" or
"scheduler.amazonaws.com".
"""

import contextvars
import itertools
import json
import logging
import threading
import time

from bansync_local.patches import attempts, dead_letters, principals
from bansync_local.patches.attempts import Attempt

logger = logging.getLogger("events")

MOST_RETRIES, LONGEST_AGE = 185, 86_400  # EventBridge's defaults; seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0  # seconds; AWS names no numbers

# Events that are to be tried again, as `control.quiet` sees them: by number, the target's ARN.
waiting: dict[int, str] = {}
_numbers = itertools.count(1)


def apply() -> None:
    from ministack.services import eventbridge, lambda_svc

    invoke_target, to_function, to_queue = eventbridge._invoke_target, eventbridge._dispatch_to_lambda, eventbridge._dispatch_to_sqs

    def tried(target, event, source, view=None) -> Attempt:
        with attempts.begun(Attempt(source, target)) as attempt:
            invoke_target(target, event, source, view)
        return attempt

    def deliver(target, event, source, view=None) -> None:
        attempt = tried(target, event, source, view)
        if attempt.code:
            delivery = Delivery(event, attempt, lambda: tried(target, event, source))
            if delivery.over() is None:
                threading.Thread(target=contextvars.copy_context().run, args=(delivery.go_on,), daemon=True).start()
            else:
                delivery.give_up()

    def to_existing_function(arn, payload) -> None:
        attempt = attempts.current()
        if attempt is not None and not lambda_svc._get_func_record_for_ref(arn)[0]:
            return attempt.fail("NO_RESOURCE", f"Function not found: {arn}")
        fault = attempt and _fault(attempt, payload)
        if not fault or fault.after_effect:
            to_function(arn, payload)
        if fault:
            throttled = fault.status == 429
            attempt.fail("THROTTLING" if throttled else "ERROR_FROM_TARGET", fault.code, again=throttled or fault.status >= 500)

    def to_existing_queue(arn, *rest) -> None:
        from ministack.services import sqs

        attempt = attempts.current()
        if attempt is not None and sqs._queue_by_arn(str(arn)) is None:
            return attempt.fail("NO_RESOURCE", "The specified queue does not exist.")
        to_queue(arn, *rest)

    eventbridge._invoke_target = deliver
    eventbridge._dispatch_to_lambda, eventbridge._dispatch_to_sqs = to_existing_function, to_existing_queue


def _fault(attempt: Attempt, payload: str):
    """The rule by which the test wants this call to fail."""
    from bansync_local.control import faults
    from bansync_local.control.call import Call

    return faults.strike(Call("lambda", "Invoke", service(attempt)), payload.encode())


def service(attempt: Attempt) -> str:
    """The principal that delivers."""
    return "scheduler.amazonaws.com" if attempt.by_schedule else "events.amazonaws.com"


class Delivery:
    """An event that its target has not taken yet."""

    def __init__(self, event: dict, attempt: Attempt, again):
        self.event, self.attempt, self.again = event, attempt, again
        self.began, self.retries = time.time(), 0
        policy = attempt.target.get("RetryPolicy") or {}
        self.most = int(policy.get("MaximumRetryAttempts", MOST_RETRIES))
        self.oldest = int(policy.get("MaximumEventAgeInSeconds", LONGEST_AGE))

    def over(self) -> str | None:
        """The condition that ends the tries: "" for a failure that none would mend, None while there are more."""
        if not self.attempt.again:
            return ""
        if self.retries >= self.most:
            return "MaximumRetryAttempts"
        return "MaximumEventAgeInSeconds" if time.time() - self.began > self.oldest else None

    def go_on(self) -> None:
        number = next(_numbers)
        waiting[number] = self.attempt.target["Arn"]
        try:
            while self.attempt.code and self.over() is None:
                time.sleep(min(FIRST_PAUSE * 2**self.retries, LONGEST_PAUSE))
                self.retries += 1
                self.attempt = self.again()
            if self.attempt.code:
                self.give_up()
        finally:
            del waiting[number]

    def give_up(self) -> None:
        source, target = self.attempt.source["Arn"], self.attempt.target["Arn"]
        logger.warning("%s cannot be delivered to %s: %s: %s", source, target, self.attempt.code, self.attempt.message)
        self._count("FailedInvocations")
        queue = (self.attempt.target.get("DeadLetterConfig") or {}).get("Arn")
        if queue is None:
            return
        if (denied := self._denied(queue)) is not None:
            self._count("InvocationsFailedToBeSentToDlq")
            return logger.warning("What %s cannot deliver is lost: %s", source, denied)
        attributes = {
            "ERROR_CODE": self.attempt.code,
            "ERROR_MESSAGE": self.attempt.message,
            "RETRY_ATTEMPTS": str(self.retries),
            "TARGET_ARN": target,
            **({"EXHAUSTED_RETRY_CONDITION": self.over()} if self.over() else {}),
        }
        if self.attempt.by_schedule:
            attributes |= {
                "SCHEDULE_ARN": source,
                "EXECUTION_ID": self.event["EventId"],
                "SCHEDULED_TIME": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.event["Time"])),
                "IS_PAYLOAD_TRUNCATED": "false",
            }
        else:
            attributes["RULE_ARN"] = source
        dead_letters.put(queue, self._body(), attributes)
        self._count("InvocationsSentToDlq")

    def _count(self, metric: str) -> None:
        """A rule of a bus of one's own is counted by the bus as well (EventBridge User Guide, "Monitoring Amazon EventBridge")."""
        from ministack.services import cloudwatch

        source = self.attempt.source
        if not self.attempt.by_schedule:
            bus = {} if source["EventBusName"] == "default" else {"EventBusName": source["EventBusName"]}
            cloudwatch.record_metric("AWS/Events", metric, 1, "Count", {"RuleName": source["Name"], **bus})

    def _body(self) -> str:
        from ministack.services import eventbridge

        if self.attempt.by_schedule:
            return self.attempt.target.get("Input") or "{}"
        return json.dumps(eventbridge._pattern_event_view(self.event).event_with_detail())

    def _denied(self, queue: str) -> str | None:
        """Why the message may not be put into the queue."""
        from ministack.services import sqs

        found = sqs.queue_policy_for_arn(queue)
        if found is None:
            return f"{queue} does not exist"
        by, context = service(self.attempt), self.attempt.context
        if self.attempt.by_schedule:
            return principals.role_denies(self.attempt.target["RoleArn"], by, "sqs:SendMessage", queue, **context)
        allowed = principals.service_may(by, "sqs:SendMessage", queue, found[0], **context)
        return None if allowed else f"the policy of {queue} does not let {by} send to it"
