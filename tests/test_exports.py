"""Exports: sorted, whole, the same bytes for the same graph, and the same graph when read again."""

import gzip
import random
from pathlib import Path

import pyoxigraph as ox
import pytest
from conftest import graph

from endpoint import exports
from endpoint.house import House
from ontology.errors import StoreError

FORMATS = {".nq": ox.RdfFormat.N_QUADS, ".trig": ox.RdfFormat.TRIG}


@pytest.fixture(scope="module")
def quads(sample_house: House) -> list[ox.Quad]:
    return sorted(graph(sample_house), key=str)


def _content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.parametrize("name", ["all.nq", "all.trig", "all.nq.gz", "all.trig.gz"])
def test_an_export_reads_back_as_the_same_graph(quads: list[ox.Quad], tmp_path: Path, name: str) -> None:
    assert exports.write(quads, tmp_path / name) == len(quads) > 100_000 // 4
    kind = FORMATS[Path(name.removesuffix(".gz")).suffix]
    assert set(ox.parse(_content(tmp_path / name), format=kind)) == set(quads)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["all.nq.gz", "all.trig.gz"])
def test_the_same_graph_gives_the_same_bytes(
    quads: list[ox.Quad], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports.write(quads, tmp_path / name)
    shuffled = list(quads)
    random.Random(1).shuffle(shuffled)
    monkeypatch.setattr(exports, "RUN", 7_000)  # so that several runs are merged
    (tmp_path / "again").mkdir()
    exports.write(shuffled, tmp_path / "again" / f"other-{name}")
    assert (tmp_path / name).read_bytes() == (tmp_path / "again" / f"other-{name}").read_bytes()


def test_lines_are_sorted(quads: list[ox.Quad], tmp_path: Path) -> None:
    exports.write(reversed(quads), tmp_path / "all.nq")
    lines = _content(tmp_path / "all.nq").splitlines()
    assert lines == sorted(lines)


def test_trig_has_each_graph_once_and_in_order(quads: list[ox.Quad], tmp_path: Path) -> None:
    exports.write(quads, tmp_path / "all.trig")
    opened = [line for line in _content(tmp_path / "all.trig").splitlines() if line.endswith(b" {")]
    assert opened == sorted(set(opened))


def test_odd_literals_survive(tmp_path: Path) -> None:
    g, p = ox.NamedNode("https://example.org/g"), ox.NamedNode("https://example.org/p")
    odd = ["", " <https://example.org/g> .", 'a"b\\c', "line\nbreak\ttab\r", "} {", "\u0001\u007f\u0085\u2028", "𝄞"]
    given = {ox.Quad(g, p, ox.Literal(text, language="en"), g) for text in odd}
    for name, kind in (("odd.nq", ox.RdfFormat.N_QUADS), ("odd.trig", ox.RdfFormat.TRIG)):
        exports.write(given, tmp_path / name)
        assert set(ox.parse(_content(tmp_path / name), format=kind)) == given


def test_an_empty_graph_is_an_empty_file(tmp_path: Path) -> None:
    assert exports.write([], tmp_path / "none.trig") == 0
    assert (tmp_path / "none.trig").read_bytes() == b""


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"all\.ttl"):
        exports.write([], tmp_path / "all.ttl")


def test_an_export_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "all.nq").write_bytes(b"the one before")

    def broken() -> "list[ox.Quad]":
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exports.write((quad for _ in range(1) for quad in broken()), tmp_path / "all.nq")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"all.nq": b"the one before"}
