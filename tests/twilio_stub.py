"""Twilio's Messages resource on loopback, and a sender that talks to it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from sms_commands.twilio_sms import TwilioSender


class Stub(ThreadingHTTPServer):
    """Twilio's Messages resource: it stores what is posted and answers as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posted: list[tuple[str, dict[str, str], str]] = []
        self.answer: tuple[int, dict[str, object]] | None = None
        self.hang = threading.Event()
        self.drop = False


class Handler(BaseHTTPRequestHandler):
    """One request to the stub."""

    server: Stub

    def do_POST(self) -> None:
        """Answers like the Messages resource, or drops the connection, or keeps silent."""
        size = int(self.headers["Content-Length"])
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(size).decode()).items()}
        self.server.posted.append((self.path, form, self.headers["Authorization"]))
        if self.server.drop:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        answer: tuple[int, dict[str, object]]
        if self.server.answer is None:
            answer = (201, {"sid": "SM9", "status": "queued", "body": form["Body"]})
        elif self.server.answer[0] == 0:  # keep silent until the test is over
            self.server.hang.wait(60)
            return
        else:
            answer = self.server.answer
        body = json.dumps(answer[1]).encode()
        self.send_response(answer[0])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Keeps the test's output clean."""


@contextmanager
def running() -> Iterator[Stub]:
    """A running stub."""
    with Stub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.hang.set()
        server.shutdown()
        thread.join()


def twilio_sender(stub: Stub, timeout: float = 30.0) -> TwilioSender:
    """A sender whose Twilio is the stub."""
    return TwilioSender(
        "AC0",
        "token",
        senders={"10086": "+8610086"},
        status_callback="https://h.example/status",
        base_url=f"http://127.0.0.1:{stub.server_port}/",
        timeout=timeout,
    )
