"""What is counted is shown, in the text format of Prometheus, and counting costs next to nothing."""

import time

from prometheus_client.parser import text_string_to_metric_families

from endpoint.metrics import BOUNDS, Metrics


def _samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(metrics.page().decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def _value(metrics: Metrics, name: str, **labels: str) -> float:
    return _samples(metrics)[f"clearinghouse_{name}", frozenset(labels.items())]


def test_answers_are_counted_by_route_status_format_and_lane() -> None:
    metrics = Metrics()
    metrics.series("/sparql", 200, "json", "fast").add(0.002, 100)
    metrics.series("/sparql", 200, "json", "fast").add(0.2, 50)
    metrics.series("/sparql", 504, "problem", "slow").add(10.0, 10)
    labels = {"route": "/sparql", "status": "200", "format": "json", "lane": "fast"}
    assert _value(metrics, "requests_total", **labels) == 2
    assert _value(metrics, "response_bytes_total", **labels) == 150
    assert _value(metrics, "requests_total", **labels | {"status": "504", "format": "problem", "lane": "slow"}) == 1


def test_latencies_are_a_cumulative_histogram_over_all_statuses_of_a_lane() -> None:
    metrics = Metrics()
    for status, seconds in ((200, 0.0009), (200, 0.001), (400, 0.0011), (200, 500.0)):
        metrics.series("/sparql", status, "json", "fast").add(seconds, 0)
    labels = {"route": "/sparql", "lane": "fast"}
    assert _value(metrics, "request_seconds_bucket", **labels, le="0.001") == 2
    assert _value(metrics, "request_seconds_bucket", **labels, le="0.0025") == 3
    assert _value(metrics, "request_seconds_bucket", **labels, le=f"{BOUNDS[-1]:g}") == 3
    assert _value(metrics, "request_seconds_bucket", **labels, le="+Inf") == 4
    assert _value(metrics, "request_seconds_count", **labels) == 4
    assert abs(_value(metrics, "request_seconds_sum", **labels) - 500.003) < 1e-6


def test_every_other_number_is_shown() -> None:
    metrics, waiting = Metrics(), [1, 2, 3]
    metrics.cache_hits, metrics.cache_misses, metrics.rate_limited = 5, 6, 7
    metrics.worker_died("memory")
    metrics.partner_called("registry", "timeout")
    metrics.watch("queue_waiting", "Queries that wait for a worker", lambda: len(waiting))
    metrics.took_over(12, 1, time.time() - 60)
    assert _value(metrics, "cache_hits_total") == 5
    assert _value(metrics, "cache_misses_total") == 6
    assert _value(metrics, "rate_limited_total") == 7
    assert _value(metrics, "worker_deaths_total", reason="memory") == 1
    assert _value(metrics, "worker_deaths_total", reason="timeout") == 0
    assert _value(metrics, "partner_calls_total", partner="registry", outcome="timeout") == 1
    assert _value(metrics, "queue_waiting") == 3
    waiting.clear()
    assert _value(metrics, "queue_waiting") == 0
    assert (_value(metrics, "generation_sequence"), _value(metrics, "generation_build")) == (12, 1)
    assert 59 < _value(metrics, "generation_age_seconds") < 65


def test_two_servers_in_one_process_count_for_themselves() -> None:
    one, other = Metrics(), Metrics()
    one.worker_died("crash")
    assert _value(other, "worker_deaths_total", reason="crash") == 0


def test_label_values_cannot_break_the_page() -> None:
    metrics = Metrics()
    metrics.partner_called('a"b\\c\nd', "ok")
    assert _value(metrics, "partner_calls_total", partner='a"b\\c\nd', outcome="ok") == 1
