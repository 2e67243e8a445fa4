"""Beside every answer: what is counted, in plain numbers on the way of a request, and shown to Prometheus at /metrics.

The event loop is the only writer, so an answer costs a few additions and no lock; the families that Prometheus reads
are made of them when it asks.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import accumulate
from typing import Literal

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
"""Upper bounds of the latency buckets, in seconds."""

Lane = Literal["fast", "slow", "remote", "cached", "prepared", "none"]
"""Which way an answer came: from a worker of either lane or a remote store, from the cache, from the statistics."""
Death = Literal["timeout", "memory", "crash"]


class Series:
    """The answers of one kind. Keep it where they are given, and `add` each."""

    __slots__ = ("buckets", "bytes", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.bytes = 0

    def add(self, seconds: float, size: int) -> None:
        """Count an answer: seconds from the request to its last byte, bytes of its body."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds
        self.bytes += size


class Metrics(Collector):
    """What one server counts. The counters are changed from its event loop only."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._series: dict[tuple[str, str, str, Lane], Series] = {}
        self._deaths: Counter[str] = Counter()
        self._partners: Counter[tuple[str, str]] = Counter()
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._generation: tuple[int, int, float] | None = None
        self.cache_hits = self.cache_misses = self.rate_limited = 0
        self.registry.register(self)

    def series(self, route: str, status: int, media: str, lane: Lane) -> Series:
        """The answers of one route (a template, not a path), status, format (`json`, …) and lane, the same object each
        time."""
        key = (route, str(status), media, lane)
        if (found := self._series.get(key)) is None:
            found = self._series[key] = Series()
        return found

    def worker_died(self, reason: Death) -> None:
        """A query worker ended while it was answering."""
        self._deaths[reason] += 1

    def partner_called(self, partner: str, outcome: str) -> None:
        """A partner was asked; `partner` is its name in the settings, so that there are only so many."""
        self._partners[partner, outcome] += 1

    def took_over(self, sequence: int, build: int, published: float) -> None:
        """Queries are answered from this generation, published at that POSIX time."""
        self._generation = (sequence, build, published)

    def watch(self, name: str, about: str, value: Callable[[], float]) -> None:
        """Show a number that something else keeps, asked for at every scrape: `watch("queue_waiting", …, len)`."""
        self._gauges[name] = (about, value)

    def page(self) -> bytes:
        """Everything in the text format of Prometheus, of media type `MEDIA_TYPE`."""
        return generate_latest(self.registry)

    def collect(self) -> Iterator[Metric]:
        """The families as they are now."""
        yield from self._answers()
        yield from self._counters()
        for name, (about, value) in self._gauges.items():
            yield GaugeMetricFamily(f"clearinghouse_{name}", about, value())
        if self._generation:
            sequence, build, published = self._generation
            yield GaugeMetricFamily("clearinghouse_generation_sequence", "Ledger sequence that is served", sequence)
            yield GaugeMetricFamily("clearinghouse_generation_build", "Build of that sequence that is served", build)
            age = datetime.now(UTC).timestamp() - published
            yield GaugeMetricFamily("clearinghouse_generation_age_seconds", "Since it was published", age)

    def _answers(self) -> Iterator[Metric]:
        labels = ("route", "status", "format", "lane")
        requests = CounterMetricFamily("clearinghouse_requests", "Answers given", labels=labels)
        sizes = CounterMetricFamily("clearinghouse_response_bytes", "Bytes of their bodies", labels=labels)
        by_lane: dict[tuple[str, str], Series] = {}
        for key, series in self._series.items():
            requests.add_metric(key, sum(series.buckets))
            sizes.add_metric(key, series.bytes)
            _merge(by_lane.setdefault((key[0], key[3]), Series()), series)
        latency = HistogramMetricFamily(
            "clearinghouse_request_seconds", "From a request to the last byte of its answer", labels=("route", "lane")
        )
        bounds = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
        for lane, series in by_lane.items():
            buckets = list(zip(bounds, map(float, accumulate(series.buckets)), strict=True))
            latency.add_metric(lane, buckets, series.seconds)
        yield from (requests, sizes, latency)

    def _counters(self) -> Iterator[Metric]:
        for name, about, value in (
            ("cache_hits", "Answers found in the cache", self.cache_hits),
            ("cache_misses", "Answers looked for in the cache and not found", self.cache_misses),
            ("rate_limited", "Requests refused because their client asks too often", self.rate_limited),
        ):
            yield CounterMetricFamily(f"clearinghouse_{name}", about, value)
        deaths = CounterMetricFamily("clearinghouse_worker_deaths", "Workers ended by a query", labels=("reason",))
        for reason in ("timeout", "memory", "crash"):
            deaths.add_metric((reason,), self._deaths[reason])
        partners = CounterMetricFamily(
            "clearinghouse_partner_calls", "Calls of federation partners", labels=("partner", "outcome")
        )
        for called, count in self._partners.items():
            partners.add_metric(called, count)
        yield from (deaths, partners)


def _merge(whole: Series, part: Series) -> None:
    whole.buckets = [one + other for one, other in zip(whole.buckets, part.buckets, strict=True)]
    whole.seconds += part.seconds
