"""The HTTP server: uvicorn on a thread of its own, Kannel's requests by ASGI, others by Flask."""

from __future__ import annotations

import socket
import threading
from typing import Any

import uvicorn
from a2wsgi import WSGIMiddleware

from hotline import web_kannel
from hotline.house import House
from hotline.web import make_app

_THREADS = 16  # requests to Flask at once
_LAST_S = 5  # how long answers that are being made may take at the end
_BACKLOG = 2048
IDLE_S = 60
"""How long a connection is kept that nobody asks by.

Longer than smsbox keeps it (`http-timeout`): one that we close just as smsbox asks by it costs the
text a pause of `http-queue-delay`.
"""


def application(house: House) -> web_kannel.App:
    """All of a house's HTTP, as one ASGI application."""
    kannel = web_kannel.make_app(house)
    wsgi: Any = make_app(house)
    flask: Any = WSGIMiddleware(wsgi, workers=_THREADS)

    async def app(
        scope: web_kannel.Scope, receive: web_kannel.Receive, send: web_kannel.Send
    ) -> None:
        await (kannel if scope["path"].startswith("/kannel/") else flask)(scope, receive, send)

    return app


class HttpServer:
    """Listens on a port of its own from the beginning, on a `bound` socket from `start` on.

    Raises OSError when the port is taken.
    """

    def __init__(
        self, house: House, host: str, port: int, bound: socket.socket | None = None
    ) -> None:
        self._socket = bound or socket.create_server((host, port), backlog=_BACKLOG)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            application(house),
            http="httptools",
            loop="uvloop",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,  # who asks is who is connected
            server_header=False,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=_LAST_S,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="http", daemon=True
        )

    def start(self) -> None:
        """Takes requests."""
        self._socket.listen(_BACKLOG)
        self._thread.start()

    def close(self) -> None:
        """Lets answers that are being made go out, then closes the sockets."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
