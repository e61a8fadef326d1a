"""The server listens when start returns, and is gone when stop does."""

import signal
import socket
import threading
import time

import httpx
import pytest
from fastapi import FastAPI

from handlers.http.server import PortTakenError, Server


def _app(answering: threading.Event | None = None, release: threading.Event | None = None) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/")
    def root() -> str:
        if answering and release:
            answering.set()
            release.wait(5)
        return "here"

    return app


def test_it_answers_at_once_and_not_any_more_after_stop() -> None:
    server = Server(_app(), host="127.0.0.1", port=0)
    port = server.start()
    answer = httpx.get(f"http://127.0.0.1:{port}/")
    assert answer.json() == "here"
    assert "server" not in answer.headers
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")


def test_it_listens_again_at_once_at_the_same_port() -> None:
    first = Server(_app(), host="127.0.0.1", port=0)
    port = first.start()
    httpx.get(f"http://127.0.0.1:{port}/")
    first.stop()
    second = Server(_app(), host="127.0.0.1", port=port)
    assert second.start() == port
    second.stop()


def test_a_port_that_is_taken_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError) as caught:
            Server(_app(), host="127.0.0.1", port=port).start()
    assert caught.value.params["port"] == port
    assert caught.value.params["host"] == "127.0.0.1"


def test_a_host_that_is_none_is_an_error_too() -> None:
    with pytest.raises(PortTakenError):
        Server(_app(), host="256.1.1.1", port=0).start()


def test_stop_lets_a_request_under_way_finish() -> None:
    answering, release = threading.Event(), threading.Event()
    server = Server(_app(answering, release), host="127.0.0.1", port=0)
    port = server.start()
    got: list[str] = []
    asking = threading.Thread(target=lambda: got.append(httpx.get(f"http://127.0.0.1:{port}/").json()))
    asking.start()
    assert answering.wait(5)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    time.sleep(0.1)
    assert stopping.is_alive()
    release.set()
    stopping.join(10)
    asking.join(10)
    assert got == ["here"]


def test_stopping_twice_or_before_the_start_does_nothing() -> None:
    server = Server(_app(), host="127.0.0.1", port=0)
    server.stop()
    server.start()
    server.stop()
    server.stop()


def test_signals_stay_with_the_process() -> None:
    before = signal.getsignal(signal.SIGTERM)
    server = Server(_app(), host="127.0.0.1", port=0)
    server.start()
    assert signal.getsignal(signal.SIGTERM) is before
    server.stop()
