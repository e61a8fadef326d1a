"""A real server on loopback for tests of what is served."""

import contextlib
from collections.abc import Iterator
from typing import Any

from handlers.http.server import Server


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve ``app`` as long as the block lasts; gives its base URL."""
    server = Server(app, host="127.0.0.1", port=0)
    port = server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
