"""One try to bring an event to a target of a rule or of a schedule, for the patches that judge it and the one that acts on a failure.

MiniStack's functions that call a target know neither the rule nor where a failure goes.
"""

import contextlib
import contextvars
import dataclasses

_now: contextvars.ContextVar["Attempt | None"] = contextvars.ContextVar("attempt", default=None)


@dataclasses.dataclass
class Attempt:
    """`source` is the rule or the schedule as MiniStack keeps it. `code` and `message` are empty while nothing has failed."""

    source: dict
    target: dict
    code: str = ""
    message: str = ""
    again: bool = False  # worth another try

    @property
    def by_schedule(self) -> bool:
        return ":scheduler:" in self.source["Arn"]

    @property
    def context(self) -> dict[str, str]:
        """Condition keys of what AWS does for the rule or the schedule.

        For a schedule the source is its group: EventBridge Scheduler User Guide, "Prevent the confused deputy problem".
        """
        arn, account = self.source["Arn"], self.source["Arn"].split(":")[4]
        if self.by_schedule:
            arn = arn.replace(":schedule/", ":schedule-group/").rpartition("/")[0]
        return {"aws_sourcearn": arn, "aws_sourceaccount": account}

    def fail(self, code: str, message: str, again: bool = False) -> None:
        self.code, self.message, self.again = code, message, again


@contextlib.contextmanager
def begun(attempt: Attempt):
    token = _now.set(attempt)
    try:
        yield attempt
    finally:
        _now.reset(token)


def current() -> Attempt | None:
    """The attempt that the call at hand is part of."""
    return _now.get()
