"""The HTTP application: puts the routes together and stands between them and whatever goes wrong.

It must not know what the routes do. No pages of documentation, no schema: nothing that nobody asked for.
"""

import secrets
import time
from collections.abc import Mapping

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.http import health
from handlers.http import metrics as metrics_routes
from handlers.http.health import Probe
from handlers.http.metrics import Metrics
from handlers.http.slack import SlackReceiver

_log = structlog.get_logger(__name__)


def build(
    *,
    probes: Mapping[str, Probe],
    metrics: Metrics,
    slack: SlackReceiver | None = None,
    ingest_router: APIRouter | None = None,
) -> FastAPI:
    """Give the application; ``slack`` only in HTTP mode, ``ingest_router`` only where there are keys for it."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(health.router(probes))
    app.include_router(metrics_routes.router(metrics))
    if ingest_router is not None:
        app.include_router(ingest_router)
    if slack is not None:
        app.include_router(slack.router())
    app.add_middleware(_Edge, metrics=metrics)
    return app


class _Edge:
    """Counts every request, and answers one that fails with a reference that stands in the log, too."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        started = time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            reference = secrets.token_hex(6)
            _log.exception("request_failed", reference=reference, route=_route(scope))
            if status:
                raise
            failure = JSONResponse({"error": "internal", "reference": reference}, status_code=500)
            await failure(scope, receive, noting)
        finally:
            self._metrics.requested(route=_route(scope), status=status, seconds=time.perf_counter() - started)


def _route(scope: Scope) -> str:
    # The pattern, not the path: what people send must not become a label.
    return str(getattr(scope.get("route"), "path", "other"))
