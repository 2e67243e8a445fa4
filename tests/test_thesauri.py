"""The thesaurus as the server knows it: its index follows the ledger, its uses the graph, and changes are published."""

import asyncio
from pathlib import Path

import pyoxigraph as ox
import pytest
from conftest import PERMIT, enter, items, permit

from endpoint.house import House
from endpoint.pool import WorkerPool
from endpoint.settings import Settings
from endpoint.thesauri import Thesauri
from loaders.editing import Editing
from thesaurus import changes
from thesaurus.changes import Delta
from thesaurus.statements import ALT_LABEL

BASE = "https://w3id.org/clearinghouse/id/term/"
ABS = f"{BASE}CBD-SUBJECT-ABS"
KEYWORD = f"{BASE}357DBB22-6A6C-4C49-BA1F-037320B09247"
OTHER = f"{BASE}9C146B09-097E-4CFF-B9CC-D4785496952F"


class Silent:
    """An engine that nothing is asked of."""

    generation = None


@pytest.fixture
def thesauri(tmp_path: Path) -> Thesauri:
    return Thesauri(Settings(data_dir=tmp_path), Silent())  # type: ignore[arg-type]


def add_label(editing: Editing, text: str) -> None:
    label = ox.Triple(ox.NamedNode(ABS), ALT_LABEL, ox.Literal(text, language="en"))
    change = editing.propose(Delta(frozenset({label}), frozenset()), author="amina", reason="Searched for.")
    editing.approve(change.id, reviewer="li")


def test_the_index_is_of_the_version_approved_last(thesauri: Thesauri) -> None:
    first = thesauri.index()
    assert first.version == "1"
    assert thesauri.index() is first, "it is made once"
    with thesauri.editing() as editing:
        add_label(editing, "Sharing of zebra stripes")
    second = thesauri.index()
    assert second.version == "2"
    assert [hit.iri for hit in second.search("zebra stripes")] == [ABS]
    assert first.search("zebra stripes") == [], "who holds the one before goes on with it"


def test_an_index_of_one_version_is_not_made_twice(thesauri: Thesauri, monkeypatch: pytest.MonkeyPatch) -> None:
    thesauri.index()
    monkeypatch.setattr("endpoint.thesauri.build", lambda *_: pytest.fail("it is there already"))
    assert Thesauri(thesauri.settings, Silent()).index().version == "1"  # type: ignore[arg-type]


def test_a_damaged_index_is_made_again(thesauri: Thesauri) -> None:
    thesauri.index().close()
    [file] = (thesauri.settings.data_dir / "thesaurus").glob("*.sqlite")
    file.write_bytes(b"no database" * 1000)
    assert Thesauri(thesauri.settings, Silent()).index().find("CBD-SUBJECT-ABS") == ABS  # type: ignore[arg-type]


def test_uses_are_counted_in_records_and_an_approval_is_published(house: House) -> None:
    enter(house, items([permit(keywords=[{"identifier": KEYWORD.removeprefix(BASE)}])]))

    async def walk() -> None:
        async with (
            WorkerPool(house.generations, house.settings) as pool,
            Thesauri(house.settings, pool) as thesauri,
        ):
            assert await thesauri.uses([KEYWORD, OTHER, KEYWORD]) == {KEYWORD: 1, OTHER: 0}
            with thesauri.editing() as editing:
                delta = changes.deprecation(editing.statements(), ox.NamedNode(KEYWORD), [ox.NamedNode(OTHER)])
                change = editing.propose(delta, author="amina", reason="One word.")
                editing.approve(change.id, reviewer="li")
            await thesauri.publish()
            await thesauri.publish()
            for _ in range(600):
                if await thesauri.uses([KEYWORD, OTHER]) == {KEYWORD: 0, OTHER: 1}:
                    break
                await asyncio.sleep(0.1)
            assert await thesauri.uses([KEYWORD, OTHER]) == {KEYWORD: 0, OTHER: 1}

    asyncio.run(walk())
    with house.ledger() as ledger:
        assert [entry.source for entry in ledger.history(PERMIT)] == [
            f"thesaurus change {Editing(ledger, house.mapping.iris).changes()[0].id}"
        ]
