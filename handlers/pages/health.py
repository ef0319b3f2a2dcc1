"""`/healthz` for whoever restarts the process, `/metrics` for Prometheus. Numbers only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from bot.operations.release import release
from bot.storage import Database
from bot.turns.clock import Clock
from bot.turns.tally import BOUNDS, Tally
from handlers.pages.render import data
from models.health import Health, look

log = structlog.get_logger("health")

#: Beyond these something is stuck. Retries pause up to five minutes, so a quarter of an hour is no accident.
OUTBOX_LIMIT, CLOCK_LIMIT = timedelta(minutes=15), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Watch:
    """What these two pages look at."""

    database: Database
    clock: Clock
    tally: Tally

    async def look(self) -> Health | None:
        """The state of the rows, or None when the database does not answer."""
        try:
            return await self.database.read(
                lambda session: look(session, self.clock.now(), self.clock.wall())
            )
        except (SQLAlchemyError, OSError) as error:
            log.warning("database unreachable", kind=type(error).__name__)
            return None


WATCH = web.AppKey("watch", Watch)


def mount(app: web.Application, watch: Watch) -> None:
    """Add both."""
    app[WATCH] = watch
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/metrics", metrics)


async def healthz(request: web.Request) -> web.Response:
    """200 while it keeps up, 503 when turns cannot be written or something has been due for too long."""
    watch = request.app[WATCH]
    found, writable = await watch.look(), await watch.database.writable()
    facts = {
        "status": "ok",
        "database": "ok" if found and writable else "unwritable" if found else "unreachable",
        "outbox_age_seconds": int(found.outbox_age.total_seconds()) if found else None,
        "clock_lag_seconds": int(found.clock_lag.total_seconds()) if found else None,
        "version": release(),
    }
    if found is None or not writable:
        facts["status"] = "down"
    elif found.outbox_age > OUTBOX_LIMIT or found.clock_lag > CLOCK_LIMIT:
        facts["status"] = "late"
    return data(facts, status=200 if facts["status"] == "ok" else 503)


async def metrics(request: web.Request) -> web.Response:
    """The figures of this process and of the rows; the process's own even when the database does not
    answer."""
    watch = request.app[WATCH]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(watch.tally, await watch.look()))
    ProcessCollector(registry=registry)
    return web.Response(
        body=generate_latest(registry),
        headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
    )


class _Figures(Collector):
    """Our integers in Prometheus's shapes."""

    def __init__(self, tally: Tally, health: Health | None) -> None:
        self.tally, self.health = tally, health

    def collect(self) -> Iterator[Metric]:
        """Each family once."""
        tally = self.tally
        counted = (
            ("heard", "Messages that arrived.", tally.heard),
            ("chatter", "Of these, messages that were none of the bot's business.", tally.chatter),
            ("turns", "Messages that were answered or acted upon.", tally.turns),
            ("refusals", "Turns that ended with a kind no.", tally.refusals),
            ("failures", "Turns that ended with a mistake of ours.", tally.failures),
        )
        for name, what, value in counted:
            yield CounterMetricFamily(f"yishiting_{name}", what, value=value)
        yield HistogramMetricFamily(
            "yishiting_turn_seconds",
            "From hearing to committed.",
            buckets=self._buckets(),
            sum_value=tally.seconds,
        )
        yield GaugeMetricFamily(
            "yishiting_database_up", "Whether the database answers.", value=int(self.health is not None)
        )
        if self.health is None:
            return
        yield GaugeMetricFamily(
            "yishiting_outbox_pending",
            "Messages not yet with their platform.",
            value=self.health.outbox_pending,
        )
        yield GaugeMetricFamily(
            "yishiting_outbox_age_seconds",
            "How long the longest of them has been due.",
            value=self.health.outbox_age.total_seconds(),
        )
        yield GaugeMetricFamily(
            "yishiting_clock_lag_seconds",
            "How late the earliest overdue thing is.",
            value=self.health.clock_lag.total_seconds(),
        )
        live = GaugeMetricFamily(
            "yishiting_issues", "Issues somebody still has to act on.", labels=["status"]
        )
        for status, count in sorted(self.health.live.items()):
            live.add_metric([status], count)
        yield live

    def _buckets(self) -> list[tuple[str, float]]:
        total, rows = 0, []
        for bound, count in zip((*BOUNDS, None), self.tally.stretches, strict=True):
            total += count
            rows.append(("+Inf" if bound is None else str(bound), float(total)))
        return rows
