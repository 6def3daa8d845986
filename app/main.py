"""Builds the app: lifespan, middleware, error handlers, routers; `uvicorn app.main:app` serves it.

`api` is the FastAPI application, `app` the same behind the bare path of ingest.
"""

import asyncio
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app import __version__
from app.alerts.incident_routes import router as incidents
from app.alerts.routes import router as alerts
from app.alerts.silence_routes import router as silences
from app.auth.provider import Provider
from app.auth.routes import router as auth
from app.auth.throttle import Throttle
from app.auth.uses import KeyUses
from app.cache.routes import router as cache
from app.compat.prometheus.edge import refusal
from app.compat.prometheus.routes import router as prometheus
from app.compat.routes import router as compat
from app.core import migrate, openapi, pages, probes, problems, tracing
from app.core.access_log import access_log
from app.core.apart import Apart
from app.core.body_limit import BodyLimit
from app.core.crowding import Crowding
from app.core.db import Database
from app.core.events import Publisher
from app.core.limits import Limits
from app.core.logging import configure
from app.core.memory import spare_memory
from app.core.middleware import Surroundings
from app.core.process import die_with_parent
from app.core.redis import Cache
from app.core.settings import get_settings, separated
from app.core.stopping import on_exit_signal
from app.fleet.routes import router as fleet
from app.jobs.routes import router as jobs
from app.live.routes import router as live
from app.live.service import Live
from app.maintenance.routes import router as maintenance
from app.presence.counting import Counting
from app.presence.routes import router as presence
from app.presence.service import Arrivals
from app.readings.announcing import Announcer
from app.readings.bare import BareIngest
from app.readings.bulk import Bulk
from app.readings.checking import Checks
from app.readings.ingest import GroupCommit
from app.readings.intake import Intake
from app.readings.quota import Quota
from app.readings.registry import Registry
from app.readings.resolving import Resolver
from app.readings.routes import router as readings
from app.readings.senders import Senders
from app.readings.sent import SentQuantities
from app.readings.series import Series
from app.readings.witness import Witness
from app.servers.routes import router as servers
from app.transfers.export_routes import router as exports
from app.transfers.routes import router as transfers
from app.views.routes import router as views

# Containers start in any order: the database gets so long to come up before the process gives up.
DATABASE_PATIENCE_SECONDS = 60
RIGHTS_CONNECTIONS = 2
DESCRIPTION = """
Sensor data of on-premise servers: taken in durably, answered exactly.

Register, log in (or press **Authorize**), create a server, send readings, ask for them.
Errors are `application/problem+json` (RFC 9457); instants are ISO 8601, out always UTC.
"""
# Request headers of ours that pages of other origins may send.
OWN_FIELDS = ("Idempotency-Key", "If-None-Match", "Last-Event-ID", "Sentinela-Workspace", "X-Request-ID")
# In the order in which a newcomer needs them.
TAGS = [
    {"name": "people", "description": "Registering, signing in and out; workspaces and who belongs to them."},
    {"name": "servers", "description": "The things in the field that send."},
    {"name": "readings", "description": "Storing and asking."},
    {"name": "presence", "description": "Which servers are online."},
    {"name": "jobs", "description": "Files in and out, and how far what runs in the background is."},
    {"name": "alerts", "description": "Rules, incidents, channels, and what is told by them."},
    {"name": "what others speak", "description": "InfluxDB's line protocol."},
    {"name": "views", "description": "What you look at often, under a name of yours."},
    {"name": "cache", "description": "Values of your own."},
    {"name": "keys", "description": "Credentials for programs."},
    {"name": "operation", "description": "For orchestrators, Prometheus and the installation's administrator."},
]

log = structlog.get_logger()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Migrate, open what the routes use, and on the way out commit what was accepted."""
    spare_memory()
    settings = app.state.settings = get_settings()
    configure(settings)
    tracing.export("sentinela-api")
    if os.environ.get("SENTINELA_SUPERVISED"):
        # With several workers the parent is uvicorn's own supervisor, which may have died while this one imported.
        parent = multiprocessing.parent_process()
        die_with_parent(signal.SIGKILL, parent=parent.pid if parent else None)
    settings.signing_key()
    if settings.ingest_auth == "open":
        log.warning("ingest_open", meaning="INGEST_AUTH=open: whoever reaches the port may write readings")
    await _migrate()
    app.state.database = database = Database(settings)
    app.state.cache = query_cache = Cache(settings)
    if reason := await query_cache.too_old():
        raise SystemExit(_cannot_start(reason))
    arrivals = Arrivals(settings.offline_after_seconds)
    counting = Counting(database)
    counting.start()
    checks = Checks(database, settings.seal_lag_minutes * 60)
    checks.start()
    app.state.publisher = publisher = Publisher(query_cache)
    witness = Witness(Announcer(publisher, database), counting, checks)
    witness.start()
    sent = SentQuantities()
    commits = GroupCommit(database, settings.ingest_backlog, arrivals, sent, witness)
    commits.start()
    app.state.key_uses = uses = KeyUses(database)
    uses.start()
    app.state.throttle = Throttle(query_cache, settings)
    app.state.provider = provider = Provider(settings) if settings.oidc_issuer else None
    # Who may send must be known however many ask.
    rights = Database(settings, RIGHTS_CONNECTIONS)
    app.state.keys = senders = Senders(rights, settings, uses, arrivals)
    senders.start()
    lag = timedelta(minutes=settings.seal_lag_minutes)
    bulk = Bulk(database, arrivals, lag, sent, witness)
    limits = Limits(query_cache)
    resolver = Resolver(senders, Registry(database))
    app.state.intake = Intake(resolver, commits, bulk, Quota(limits, settings), counting)
    app.state.live = streams = Live(query_cache, settings.live_streams)
    streams.start()
    on_exit_signal(streams.stop)
    apart = Apart(settings)
    app.state.series = Series(database, query_cache, apart, settings.slow_query_ms / 1000)
    # A thread that decodes lets the event loop in after a tenth of a millisecond instead of five (ADR 54).
    sys.setswitchinterval(0.0001)
    # What was built until here lives as long as the process: the collector need not walk it again and again.
    gc.freeze()
    # Readings wait for 50 ms in the witness, so that the collector's first generation (700 objects) sees them survive
    # again and again: 0.95 of the CPU a reading with these bounds.
    gc.set_threshold(50_000, 20, 50)
    try:
        # Where the protocol finds none, each reading goes by the route, which has an id for its line.
        yield {} if access_log.every_reading else {"intake": app.state.intake}
    finally:
        await streams.close()
        await commits.close()
        await bulk.close()
        await witness.close()
        await checks.close()
        await counting.close()
        await senders.close()
        await uses.close()
        if provider is not None:
            await provider.close()
        await apart.close()
        await limits.close()
        await query_cache.close()
        await rights.close()
        await database.close()
        tracing.flush()


async def _migrate() -> None:
    deadline = asyncio.get_running_loop().time() + DATABASE_PATIENCE_SECONDS
    while True:
        try:
            await asyncio.to_thread(migrate.upgrade, get_settings())
            return
        except migrate.DatabaseUnavailable as error:
            if not error.may_recover or asyncio.get_running_loop().time() > deadline:
                raise SystemExit(_cannot_start(str(error))) from None
            log.warning("waiting_for_database", reason=str(error))
            await asyncio.sleep(1)


def _cannot_start(reason: str) -> str:
    log.error("cannot_start", reason=reason)
    return f"sentinela: {reason}"


def build() -> FastAPI:
    """The application with all its routes; opens nothing yet."""
    settings = get_settings()
    app = FastAPIOffline(
        title="Sentinela",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=tracing.framework(),
        swagger_ui_parameters={"persistAuthorization": True},
    )
    problems.install(app, settings.max_body_bytes)
    domains = (readings, live, auth, servers, presence, fleet, cache, transfers, exports, maintenance, jobs)
    for router in (*domains, views, incidents, silences, alerts, compat, prometheus, probes.router):
        app.include_router(router)
    _add_pages(app)
    openapi.install(app)
    app.add_middleware(Crowding, refuse=refusal)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    if settings.cors_origins:
        _open_to_origins(app, separated(settings.cors_origins))
    app.add_middleware(Surroundings)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=separated(settings.trusted_proxies))
    return app


def _open_to_origins(app: FastAPI, allowed: list[str]) -> None:
    """Pages of other origins may call the API; with a token that they have, never with somebody's cookie."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=allowed,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Content-Encoding", "Accept-Language", *OWN_FIELDS],
        expose_headers=["ETag", "Link", "Location", "Retry-After", "X-Request-ID", "RateLimit", "RateLimit-Policy"],
        max_age=600,
    )


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:
        return RedirectResponse("/ui/", 307)

    pages.install(app)


api = build()
app = api if access_log.every_reading else BareIngest(api)
