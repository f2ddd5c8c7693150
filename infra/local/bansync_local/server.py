"""The HTTP server in front of MiniStack.

MiniStack brings hypercorn, whose parser and event loop are written in Python: they took half of the time of every call, in the one
process that all tests wait for. uvicorn, httptools and uvloop do the same outside Python.
"""

import contextlib
import gc
import resource

import uvicorn

from bansync_local.environment import HOST


def run(application, port: int) -> None:
    """Serve the ASGI application on 127.0.0.1 until a signal."""
    _allow_many_connections()
    _collect_rarely()
    # MiniStack writes `Date` itself, and AWS names no server. It has set up its log when it was imported.
    uvicorn.run(
        application, host=HOST, port=port, loop="uvloop", http="httptools", ws="none", lifespan="on", log_config=None, access_log=False,
        server_header=False, date_header=False, proxy_headers=False, timeout_keep_alive=75, timeout_graceful_shutdown=1,
    )  # fmt: skip


def _collect_rarely() -> None:
    """Leave alone what has been loaded by now, and look for cycles when there can be many: a full look walks through all that is stored."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _allow_many_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # Some systems name a hard limit that they do not grant.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
