"""The search of a running server: its index is made beside it, follows the generations, and heals."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from conftest import enter, items, permit
from pydantic import SecretStr
from searched import BASE, generation, named

from endpoint.generations import Generation, Generations
from endpoint.house import House
from endpoint.search import build, schema
from endpoint.search.folder import FOLDER, withdraw
from endpoint.search.index import Search, SearchIndex
from endpoint.search.service import SearchService, SearchUnavailable, read
from endpoint.settings import Settings
from loaders.ledger import Ledger
from ontology.errors import StoreError

DEADLINE = 60.0


class Server:
    """Stands for the engine of a server: says which generation is the present one."""

    def __init__(self, directory: Path) -> None:
        self.settings = Settings(data_dir=directory)
        self.present: Generation | None = None
        self.service = SearchService(self.settings, lambda: self.present)

    async def until(self, happened: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not happened():
                await asyncio.sleep(0.05)

    def is_there(self) -> bool:
        return not self.service.is_behind()


def within(directory: Path, told: Callable[[Server], Awaitable[None]]) -> None:
    """Run what is told of a server while its service is at work."""

    async def run() -> None:
        server = Server(directory)
        async with server.service:
            await told(server)

    asyncio.run(run())


def names(server: Server, text: str) -> set[str]:
    return named(hit.iri for hit in server.service.index().search(Search(text, expand=False)).hits)


def test_without_an_index_search_says_that_it_is_being_made(tmp_path: Path) -> None:
    _, first = generation(tmp_path)

    async def told(server: Server) -> None:
        with pytest.raises(SearchUnavailable, match="is being made"):
            server.service.index()
        server.present = first
        await server.until(server.is_there)
        assert names(server, "mangrove") == {"meeting"}

    within(tmp_path, told)
    assert (tmp_path / FOLDER / first.name / schema.MANIFEST).is_file()


def test_the_index_of_the_generation_before_answers_until_the_new_one_is_there(tmp_path: Path) -> None:
    _, first = generation(tmp_path)

    async def told(server: Server) -> None:
        server.present = first
        await server.until(server.is_there)
        _, server.present = generation(tmp_path, 2, added="Handbook of peatlands")
        assert server.service.is_behind()
        assert names(server, "peatland") == set()
        assert names(server, "mangrove") == {"meeting"}
        await server.until(server.is_there)
        assert names(server, "peatland") == {"added"}
        assert server.service.index().generation == "2"

    within(tmp_path, told)


def test_a_server_that_starts_after_a_change_answers_from_the_index_it_had(tmp_path: Path) -> None:
    _, first = generation(tmp_path)

    async def made(server: Server) -> None:
        server.present = first
        await server.until(server.is_there)

    async def told(server: Server) -> None:
        _, server.present = generation(tmp_path, 2, late="Handbook of dunes")
        await server.until(lambda: server.is_there() or _answers(server))
        assert names(server, "mangrove") == {"meeting"}
        await server.until(server.is_there)
        assert names(server, "dunes") == {"late"}

    within(tmp_path, made)
    within(tmp_path, told)


def _answers(server: Server) -> bool:
    try:
        server.service.index()
    except SearchUnavailable:
        return False
    return True


def test_indexes_of_generations_that_are_gone_are_removed(tmp_path: Path) -> None:
    generations, first = generation(tmp_path)

    async def told(server: Server) -> None:
        server.present = first
        await server.until(server.is_there)
        (tmp_path / FOLDER / ".3.99999").mkdir()  # what a process that was ended has left
        _, server.present = generation(tmp_path, 2)
        assert generations.remove(first)
        with pytest.raises(SearchUnavailable):
            server.service.index()  # what it holds may be what had to go
        await server.until(server.is_there)
        await server.until(lambda: [entry.name for entry in (tmp_path / FOLDER).iterdir()] == ["2"])

    within(tmp_path, told)


def test_an_index_is_made_to_its_end_although_a_newer_generation_comes(tmp_path: Path) -> None:
    _, first = generation(tmp_path)
    folder = tmp_path / FOLDER

    async def told(server: Server) -> None:
        server.present = first
        await server.until(lambda: any(folder.glob(f".{first.name}.*")) or server.is_there())
        _, server.present = generation(tmp_path, 2, newer="Handbook of peatlands")
        await server.until(lambda: _answers(server))
        assert server.service.index().generation == first.name
        assert server.service.is_behind()
        await server.until(server.is_there)
        assert names(server, "peatland") == {"newer"}

    within(tmp_path, told)


def test_a_process_whose_index_is_taken_away_lets_its_generation_go(tmp_path: Path) -> None:
    generations, first = generation(tmp_path)
    folder = tmp_path / FOLDER

    async def told(server: Server) -> None:
        server.present = first
        await server.until(lambda: any(folder.glob(f".{first.name}.*")))
        _, server.present = generation(tmp_path, 2)
        assert not generations.remove(first)
        with Ledger(tmp_path / "ledger.sqlite") as ledger:
            withdraw(ledger, but=server.present)
        await server.until(lambda: generations.remove(first))
        await server.until(server.is_there)
        assert not (folder / first.name).exists()

    within(tmp_path, told)


@pytest.mark.parametrize("harm", ["version", "manifest", "segment", "missing", "concepts", "words", "other"])
def test_a_damaged_or_older_index_is_made_again(tmp_path: Path, harm: str) -> None:
    generations, first = generation(tmp_path)
    path = tmp_path / FOLDER / first.name
    build.build(generations.path(first), path, BASE)
    assert read(path, generations.path(first)) is not None
    _harm(path, harm)
    assert read(path, generations.path(first)) is None

    async def told(server: Server) -> None:
        server.present = first
        await server.until(server.is_there)
        assert names(server, "mangrove") == {"meeting"}

    within(tmp_path, told)
    assert read(path, generations.path(first)) is not None


def _harm(path: Path, harm: str) -> None:
    manifest = json.loads((path / schema.MANIFEST).read_text())
    match harm:
        case "version":
            (path / schema.MANIFEST).write_text(json.dumps(manifest | {"version": schema.VERSION - 1}))
        case "other":
            (path / schema.MANIFEST).write_text(json.dumps(manifest | {"identity": "1-1"}))
        case "manifest":
            (path / schema.MANIFEST).write_text("{")
        case "concepts":
            (path / schema.CONCEPTS).write_text('[{"colour": 1}]')
        case "words":
            (path / schema.WORDS).write_text("a\nb c d\n")
        case "segment":
            for file in path.glob("*.term"):
                file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        case "missing":
            for file in path.glob("*.store"):
                file.unlink()


def test_an_index_that_is_no_directory_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is no search index"):
        SearchIndex(tmp_path / "nothing")


def test_a_build_that_fails_leaves_nothing_and_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, first = generation(tmp_path)
    monkeypatch.setattr("endpoint.keeper._RETRY", 0.5)
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER).chmod(0o700)
    blocked = tmp_path / "generations" / first.name / "oxigraph"
    blocked.rename(tmp_path / "aside")

    async def told(server: Server) -> None:
        server.present = first
        await asyncio.sleep(4)
        assert server.service.is_behind()
        (tmp_path / "aside").rename(blocked)
        await server.until(server.is_there)

    within(tmp_path, told)
    assert [entry.name for entry in (tmp_path / FOLDER).iterdir()] == [first.name]


def test_building_again_replaces_the_index_whole(tmp_path: Path) -> None:
    generations, first = generation(tmp_path)
    path = tmp_path / "index"
    build.build(generations.path(first), path, BASE)
    (path / "stray").write_text("left")
    build.build(generations.path(first), path, BASE)
    assert not (path / "stray").exists()
    assert {entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")} == set()
    shutil.rmtree(path)


def test_a_remote_store_is_not_searched(tmp_path: Path) -> None:
    service = SearchService(
        Settings(data_dir=tmp_path, store=SecretStr("sparql+http://localhost:1/sparql")), lambda: None
    )
    with pytest.raises(SearchUnavailable, match="not available"):
        service.index()


def test_nothing_is_begun_without_a_generation(tmp_path: Path) -> None:
    async def told(server: Server) -> None:
        await asyncio.sleep(1)
        with pytest.raises(SearchUnavailable):
            server.service.index()

    within(tmp_path, told)
    assert not (tmp_path / FOLDER).exists()
    assert Generations(tmp_path / "generations").newest() is None


def test_a_redaction_removes_the_indexes(house: House) -> None:
    word = "sequoiaverde"
    enter(house, items([permit(subjectMatter={"en": f"Seeds of {word}"})]))
    newest = house.newest()
    assert newest is not None
    folder = house.settings.data_dir / FOLDER
    build.build(house.generations.path(newest), folder / newest.name, house.settings.base_iri)
    (folder / f".{newest.name}.99999").mkdir()
    assert SearchIndex(folder / newest.name).search(Search(word)).total == 1
    enter(house, items([permit(revision=2, subjectMatter=None, subjectMatterConfidential=True)]))
    assert list(folder.iterdir()) == []
    assert house.newest() != newest


def test_a_load_without_a_redaction_leaves_the_indexes(house: House) -> None:
    enter(house, items([permit()]))
    newest = house.newest()
    assert newest is not None
    folder = house.settings.data_dir / FOLDER
    build.build(house.generations.path(newest), folder / newest.name, house.settings.base_iri)
    enter(house, items([permit(revision=2)]))
    assert [entry.name for entry in folder.iterdir()] == [newest.name]
    with house.ledger() as ledger:
        withdraw(ledger, but=newest)
        assert [entry.name for entry in folder.iterdir()] == [newest.name]
        withdraw(ledger)
    assert list(folder.iterdir()) == []
