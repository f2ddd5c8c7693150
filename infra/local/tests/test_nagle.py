import http.server
import queue
import socket
import threading
import unittest
import urllib.request

from ministack.core.lambda_runtime import ProvidedWorker

from bansync_local.patches import nagle


def sends_at_once() -> bool:
    """Whether the Runtime API of a function's environment sends each write at once (TCP_NODELAY; see tcp(7))."""
    options = []

    class Handler(ProvidedWorker("echo", {}, b"")._build_handler_class(1, queue.Queue())):
        def do_GET(self):
            options.append(self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            self._respond(200)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/").close()
        finally:
            server.shutdown()
    return bool(options[0])


class Nagle(unittest.TestCase):
    def test_a_write_waits_for_the_acknowledgement_of_the_one_before_only_without_the_patch(self):
        self.assertFalse(sends_at_once())
        nagle.apply()
        self.addCleanup(delattr, http.server.BaseHTTPRequestHandler, "disable_nagle_algorithm")
        self.assertTrue(sends_at_once())
