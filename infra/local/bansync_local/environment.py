"""The environment that MiniStack runs in.

MiniStack hands its whole environment to every function it starts, so the environment is built from nothing: a
developer's shell (proxies, AWS profiles, tokens) must not decide how a function behaves.
"""

import os
import pathlib

HOST = "127.0.0.1"
REGION = "us-east-1"

# Variables that stay: a process needs some to run at all, and the others are settings of ours.
KEPT = (
    "PATH", "HOME", "LANG", "LOG_LEVEL",
    "BANSYNC_TTL_SWEEP_SECONDS", "BANSYNC_ACCOUNT_CONCURRENCY", "BANSYNC_INDEX_LAG_MS", "BANSYNC_TABLE_LAG_MS",
    "BANSYNC_LAG_SEED",
)  # fmt: skip


def enter(port: int, state: pathlib.Path, roles: bool = True) -> str:
    """Replace this process's environment by MiniStack's; return the endpoint URL. `roles`: whether they are enforced."""
    endpoint = f"http://{HOST}:{port}"
    folders = {name: state.resolve() / name for name in ("tmp", "data", "s3")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update(
        # Functions learn their endpoint from here.
        AWS_ENDPOINT_URL=endpoint,
        AWS_EC2_METADATA_DISABLED="true",
        # Roles are enforced and unknown keys refused: a missing permission shows here, not after a deploy. Without our patches some calls
        # that AWS allows are refused.
        AUTH="true" if roles else "false",
        GATEWAY_PORT=str(port),
        EDGE_PORT=str(port),
        # MiniStack listens on every interface unless told otherwise.
        BIND_HOST=HOST,
        # A name, never an address: lambda_http fails on requests whose host is an address.
        MINISTACK_HOST="localhost",
        MINISTACK_REGION=REGION,
        # Servers that nobody here asked for, on fixed ports.
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        STATE_DIR=str(folders["data"]),
        S3_DATA_DIR=str(folders["s3"]),
        TMPDIR=str(folders["tmp"]),
    )
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    return endpoint
