"""What a function has logged is read when it has answered, and nothing is waited for.

MiniStack waits after each answer: up to 50 ms for a first line, which most invocations never write, and 5 ms for another one. So an
environment is busy for long after its function is done, a stream hands over at most twenty batches a second, and the caller waits, too.
Whatever a function has written before it answers is in its pipe by then: a pipe keeps bytes in order, and a write has ended when the next
one begins. A process that ends right after its answer is missed by the next invocation only; no function of ours does that.
"""

import contextlib
import os
import queue
import select
import threading

CHUNK = 65_536  # bytes; a pipe holds no more


def apply() -> None:
    from ministack.core.lambda_runtime import ProvidedWorker

    def pump(worker, pipe, lines) -> None:
        worker.output = Output(pipe, lines)
        worker.output.follow()

    def drain(worker, **_waits) -> str:
        # The thread of a process that has only just begun may not be there, but for the one before it.
        output = getattr(worker, "output", None)
        return "\n".join(output.take()) if output and output.lines is worker._stderr_queue else ""

    ProvidedWorker._pump_output, ProvidedWorker._drain_stderr, ProvidedWorker._drain_stderr_bounded = pump, drain, drain


class Output:
    """The pipe into which one process writes, and the queue of its lines, which keeps the newest."""

    def __init__(self, pipe, lines: queue.Queue):
        self.pipe, self.lines = pipe, lines
        self.lock = threading.Lock()  # by whom bytes are taken that are not in the queue yet
        self.rest = b""  # of a line that has no end yet

    def follow(self) -> None:
        """Empties the pipe until its end, and closes it: a process whose pipe is full stands still."""
        ready = select.poll()
        ready.register(self.pipe, select.POLLIN)
        while not self.read():
            ready.poll()
        with self.lock:
            self.pipe.close()

    def take(self) -> list[str]:
        """The lines that have been written and not been taken before."""
        self.read()
        taken = []
        with contextlib.suppress(queue.Empty):
            # No more than there are: a process may go on writing.
            for _ in range(self.lines.qsize()):
                taken.append(self.lines.get_nowait())
        return taken

    def read(self) -> bool:
        """Moves what is in the pipe to the queue; true at its end."""
        with self.lock:
            if not self.pipe.closed and _has_something(self.pipe):
                chunk = os.read(self.pipe.fileno(), CHUNK)
                # The end of the pipe ends its last line.
                *lines, self.rest = (self.rest + (chunk or b"\n" * bool(self.rest))).split(b"\n")
                for line in lines:
                    self._put(line.decode("utf-8", errors="replace").rstrip("\r"))
                if not chunk:
                    return True
            return self.pipe.closed

    def _put(self, line: str) -> None:
        while True:
            with contextlib.suppress(queue.Full):
                return self.lines.put_nowait(line)
            with contextlib.suppress(queue.Empty):
                self.lines.get_nowait()


def _has_something(pipe) -> bool:
    """Bytes, or its end."""
    ready = select.poll()
    ready.register(pipe, select.POLLIN)
    return bool(ready.poll(0))
