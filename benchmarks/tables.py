"""The figures of the benchmark as tables in Markdown: ratios to the first engine, and their geometric means."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from query_shapes import SHAPES

if TYPE_CHECKING:
    from dataset import Data
    from queries import Figures, Timing

MIB = 1 << 20


def heading(data: Data, processors: int, client: str, seconds: float) -> str:
    """What was measured, on what."""
    graph = f"{data.triples:,} statements in {len(data.records.known):,} records"
    machine = f"{processors} processors, which clients and servers share"
    return f"{graph}; {machine}; {seconds:g} s for each query (one client) and each round of load (8, {client})."


def latencies(measured: list[Figures]) -> str:
    """Median time of each query to the last byte."""
    return _ratios(measured, "query, time to the last byte", lambda timing: timing.last)


def first_bytes(measured: list[Figures]) -> str:
    """Median time of each query to the first byte of the body."""
    return _ratios(measured, "query, time to the first byte", lambda timing: timing.first)


def answers(measured: list[Figures]) -> str:
    """How many rows each engine answered; what differs from the first one is marked, as is what failed."""
    lines = [_row("query, rows of the answer", *(found.engine.name for found in measured)), _rule(len(measured))]
    for shape in SHAPES:
        cells = []
        for found in measured:
            timing = found.timings[shape.name]
            mark = "" if _agrees(found, measured[0], shape.name) or found is measured[0] else " ≠"
            cells.append(timing.failure if timing.answer is None else f"{timing.answer.rows:,}{mark}")
        lines.append(_row(shape.name, *cells))
    return "\n".join(lines)


def throughput(measured: list[Figures]) -> str:
    """Lookups of records by 8 clients."""
    lines = [
        _row(
            "lookups, 8 clients", "different: requests/s", "ratio", "p99 ms", "the same: requests/s", "ratio", "p99 ms"
        ),
        _rule(6),
    ]
    for found in measured:
        cells = []
        for name, loads in found.loads.items():
            base = measured[0].loads[name]
            failures = sum(load.failed for load in loads)
            failed = f" ({failures:,} failed)" if failures else ""
            ratio = statistics.median(load.rate / other.rate for load, other in zip(loads, base, strict=True))
            rate, p99 = (statistics.median(values) for values in zip(*((o.rate, o.p99) for o in loads), strict=True))
            cells += [f"{rate:,.0f}{failed}", f"{ratio:.2f}", f"{1000 * p99:.1f}"]
        lines.append(_row(found.engine.name, *cells))
    return "\n".join(lines)


def loading(measured: list[Figures]) -> str:
    """What loading takes, and what serving takes beside time."""
    head = ("engine", "load s", "load MiB", "disk MiB", "serving MiB")
    lines = [_row(*head), _rule(len(head) - 1)]
    for found in measured:
        sizes = (found.run.memory, found.disk, found.memory.peak)
        lines.append(_row(found.engine.name, f"{found.run.seconds:.1f}", *(f"{size / MIB:,.0f}" for size in sizes)))
    return "\n".join(lines)


def told(timing: Timing) -> str:
    """A timing in a few words."""
    rows = timing.answer.rows if timing.answer else 0
    return timing.failure or f"{_milliseconds(timing.last)} ms, {rows:,} rows"


def _ratios(measured: list[Figures], title: str, seconds: Callable[[Timing], list[float]]) -> str:
    base = measured[0]
    columns = list(_columns(measured))
    lines = [
        _row(title, f"{base.engine.name}, ms", *(f"{label}, ratio" for label, _, _ in columns)),
        _rule(len(columns) + 1),
    ]
    kept: dict[str, dict[str, float]] = {label: {} for label, _, _ in columns}
    for shape in SHAPES:
        reference = base.timings[shape.name]
        cells = [_milliseconds(seconds(reference)) if reference.answer else reference.failure]
        for label, found, timings in columns:
            timing = timings[shape.name]
            if timing.answer is None:
                cells.append("failed")
            elif reference.answer is None:
                cells.append(f"{_milliseconds(seconds(timing))} ms")
            elif not _agrees(found, base, shape.name):
                cells.append("≠")
            else:
                pairs = zip(seconds(timing), seconds(reference), strict=True)
                kept[label][shape.name] = statistics.median(its / base_s for its, base_s in pairs)
                cells.append(_figure(kept[label][shape.name]))
        lines.append(_row(shape.name, *cells))
    lookups = {shape.name for shape in SHAPES if shape.lookup}
    every = {shape.name for shape in SHAPES}
    for name, names in (("lookups", lookups), ("others", every - lookups), ("all", every)):
        means = [_mean([ratio for shape, ratio in kept[label].items() if shape in names], len(names)) for label in kept]
        lines.append(_row(f"**geometric mean, {name}**", "1", *means))
    return "\n".join(lines)


def _columns(measured: list[Figures]) -> Iterator[tuple[str, Figures, dict[str, Timing]]]:
    for found in measured:
        if found is not measured[0]:
            yield found.engine.name, found, found.timings
        if found.cached:
            yield f"{found.engine.name}, cached", found, found.cached


def _agrees(found: Figures, base: Figures, name: str) -> bool:
    compared = next(shape.compared for shape in SHAPES if shape.name == name)
    ours, theirs = found.timings[name].answer, base.timings[name].answer
    return ours is not None and theirs is not None and ours.agrees(theirs, compared)


def _mean(ratios: list[float], of: int) -> str:
    """The geometric mean, and of how many it is when it is not of all."""
    if not ratios:
        return "–"
    part = f" ({len(ratios)} of {of})" if len(ratios) < of else ""
    return f"**{_figure(statistics.geometric_mean(ratios))}**{part}"


def _figure(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.4f}"


def _milliseconds(seconds: list[float]) -> str:
    return f"{1000 * statistics.median(seconds):.2f}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(numbers: int) -> str:
    return "|---|" + "--:|" * numbers
