"""The processes of functions, for tests that kill one in the middle of its work."""


def listed() -> list[dict]:
    """`[{"function", "pid", "busy"}]` of the processes that live; `busy` while it has an invocation."""
    from ministack.core import lambda_runtime

    with lambda_runtime._lock:
        workers = [worker for pool in lambda_runtime._workers.values() for worker in pool]
    found = []
    for worker in workers:
        process = worker._proc
        if process is not None and process.poll() is None:
            found.append({"function": worker.func_name, "pid": process.pid, "busy": bool(worker.in_use)})
    return found
