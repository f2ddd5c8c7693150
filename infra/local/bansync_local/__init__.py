"""The local AWS that Bansync's tests, demo and developers use: MiniStack, plus what it lacks.

    python -m bansync_local --port 24001 --state DIR     start it (127.0.0.1 only, until a signal)
    python -m bansync_local.aws SERVICE OPERATION JSON   one AWS call against AWS_ENDPOINT_URL

`patches` closes gaps between MiniStack and AWS, one file a gap; `control` adds endpoints under `/_bansync/` by
which tests inject faults, count calls and find function processes.
"""
