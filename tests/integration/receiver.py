"""A receiver of what the bot posts: `receiver.py` prints its port, and ends with its input.

`POST /hook/<name>` and `/sns/<name>` take messages. `PUT /answer/<name>` chooses how they are answered: `{"status": 500}`, `{"location": …}`, `{"seconds": 6}`.
`GET /letters/<name>?secret=…` tells what came, and by an independent library whether each is signed by that secret.
A subscription of SNS is confirmed as AWS asks: its URL is visited.
"""

import json
import sys
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

letters: dict[str, list[dict]] = {}
answers: dict[str, dict] = {}
lock = threading.Lock()


def is_signed(letter: dict, secret: str) -> bool:
    try:
        Webhook(secret).verify(letter["body"], letter["headers"])
        return True
    except WebhookVerificationError:
        return False


def confirm(url: str) -> None:
    # The local AWS is on this machine: a proxy of the environment is in the way.
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10).read()


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status: int, body: object = None, location: str | None = None):
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        if location:
            self.send_header("location", location)
        self.end_headers()
        self.wfile.write(text)

    def body(self) -> str:
        return self.rfile.read(int(self.headers.get("content-length", 0))).decode()

    def do_POST(self):
        _, kind, name = self.path.split("/", 2)
        letter = {"headers": {key.lower(): value for key, value in self.headers.items()}, "body": self.body()}
        with lock:
            letters.setdefault(name, []).append(letter)
            answer = answers.get(name, {})
        if kind == "sns" and letter["headers"].get("x-amz-sns-message-type") == "SubscriptionConfirmation":
            threading.Thread(target=confirm, args=(json.loads(letter["body"])["SubscribeURL"],), daemon=True).start()
        time.sleep(answer.get("seconds", 0))
        self.reply(answer.get("status", 200), location=answer.get("location"))

    def do_PUT(self):
        name = self.path.rsplit("/", 1)[1]
        with lock:
            answers[name] = json.loads(self.body())
        self.reply(204)

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path)
        secret = urllib.parse.parse_qs(path.query).get("secret", [""])[0]
        with lock:
            found = list(letters.get(path.path.rsplit("/", 1)[1], []))
        self.reply(200, [{**letter, "is_signed": bool(secret) and is_signed(letter, secret)} for letter in found])


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    # Whoever started it ends it by closing its input.
    sys.stdin.read()


if __name__ == "__main__":
    main()
