"""The search of a running server: the index of the present generation, made beside it; until then the one before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Self

from endpoint.generations import Generation, Generations
from endpoint.keeper import Keeper, Making
from endpoint.search.folder import FOLDER
from endpoint.search.index import SearchIndex
from endpoint.settings import Settings
from endpoint.statistics import identity
from ontology.errors import StoreError


class SearchUnavailable(StoreError):
    """There is no index to search in, yet or at all."""


class SearchService:
    """What handlers ask for an index; an asynchronous context manager."""

    def __init__(self, settings: Settings, current: Callable[[], Generation | None]) -> None:
        making = Making("search index", "endpoint.search.build", read, more=(settings.base_iri,), goes_on=True)
        generations = Generations(settings.generations_dir)
        self.is_remote = settings.store is not None
        self._current = current
        self._keeper = Keeper(making, generations, settings.data_dir / FOLDER, current)

    async def __aenter__(self) -> Self:
        await self._keeper.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._keeper.__aexit__()

    def index(self) -> SearchIndex:
        """The index of the newest generation that has one. Raises SearchUnavailable where there is none."""
        if self.is_remote:
            raise SearchUnavailable("search is not available: the graph is in a store that this server does not index")
        found = self._keeper.of(self._current()) or self._keeper.newest()
        if found is None:
            raise SearchUnavailable("the search index is being made; it will be there in a moment")
        return found

    def is_behind(self) -> bool:
        """Whether the index is of an earlier generation than the one that answers queries."""
        return self._keeper.of(self._current()) is None


def read(output: Path, generation: Path) -> SearchIndex | None:
    """The index in a directory if it is whole and that of the generation in another; else None."""
    try:
        found = SearchIndex(output)
        is_its = (found.generation, found.identity) == (generation.name, identity(generation))
    except (StoreError, FileNotFoundError):
        return None
    return found if is_its else None
