"""Answers of the Lambda Runtime API without a 40 ms pause.

MiniStack's Runtime API writes headers and body separately; with Nagle's algorithm the second write waits for the
function's delayed acknowledgement of the first, in each call of each function.
"""

import http.server


def apply() -> None:
    http.server.BaseHTTPRequestHandler.disable_nagle_algorithm = True
