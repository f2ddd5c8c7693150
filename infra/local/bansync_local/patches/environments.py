"""An execution environment that cannot start takes no other one with it, and no more start at once than can.

- Where one environment of a function fails to start, MiniStack kills all of that function's, those at work among them. On AWS only the
  one that failed goes. On a busy machine all start anew then, none is in time, and it comes to no end.
- As many start at once as there are processors; the init phase's ten seconds begin with the start.
"""

import logging
import os
import threading

logger = logging.getLogger("lambda")


def apply() -> None:
    from ministack.core.lambda_runtime import ProvidedWorker

    invoke, spawn = ProvidedWorker.invoke, ProvidedWorker._spawn
    starts = threading.BoundedSemaphore(os.cpu_count() or 1)

    def spawn_in_turn(self, *arguments, **options):
        with starts:
            return spawn(self, *arguments, **options)

    def invoke_alone(self, *arguments, **options):
        try:
            return invoke(self, *arguments, **options)
        except Exception as error:  # as MiniStack does, which kills the others for it
            logger.error("%s: its environment cannot start: %s", self.func_name, error)
            payload = {"errorMessage": str(error), "errorType": getattr(error, "error_type", "") or "Runtime.Unknown"}
            return {"status": "error", "error": str(error), "error_payload": payload, "cold_start": True, "log": ""}

    ProvidedWorker._spawn = spawn_in_turn
    ProvidedWorker.invoke = invoke_alone
