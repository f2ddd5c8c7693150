"""The processes of functions, for tests that kill one in the middle of its work."""

import os
import secrets
import signal

# By access key: the port of the runtime API of the environment that has it.
_ports: dict[str, int] = {}


def watch() -> None:
    """Give each execution environment an access key of its own, as on AWS, so that a call tells which process makes it.

    MiniStack gives all of a function's the same.
    """
    from ministack.services import lambda_svc, sts

    environment = lambda_svc._provided_worker_env

    def with_own_key(config, code_dir, port):
        variables = environment(config, code_dir, port)
        if (session := sts._sessions.get(variables["AWS_ACCESS_KEY_ID"])) is not None:
            key = f"ASIA{secrets.token_hex(8).upper()}"
            sts.register_session(key, dict(session))
            _ports[key] = port
            variables["AWS_ACCESS_KEY_ID"] = key
        return variables

    lambda_svc._provided_worker_env = with_own_key


def _workers() -> list:
    from ministack.core import lambda_runtime

    with lambda_runtime._lock:
        return [worker for pool in lambda_runtime._workers.values() for worker in pool]


def listed() -> list[dict]:
    """`[{"function", "pid", "busy"}]` of the processes that live; `busy` while it has an invocation."""
    found = []
    for worker in _workers():
        process = worker._proc
        if process is not None and process.poll() is None:
            found.append({"function": worker.func_name, "pid": process.pid, "busy": bool(worker.in_use)})
    return found


def kill(access_key: str | None) -> bool:
    """Kill the process that has this key, in the middle of whatever it does; whether there was one."""
    port = _ports.get(access_key or "")
    for worker in _workers() if port else []:
        server, process = getattr(worker, "_server", None), worker._proc
        if server is not None and server.server_address[1] == port and process is not None and process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            return True
    return False
