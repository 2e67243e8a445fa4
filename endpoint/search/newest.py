"""Between the command line and the index: that of the newest generation, which is made where no server has made it."""

from endpoint.generations import Generations
from endpoint.search.build import build
from endpoint.search.folder import FOLDER
from endpoint.search.index import SearchIndex
from endpoint.search.service import SearchUnavailable, read
from endpoint.settings import Settings


def index_of(settings: Settings) -> SearchIndex:
    """The index of the newest generation. Raises SearchUnavailable where there is no generation on this machine."""
    generations = Generations(settings.generations_dir)
    newest = generations.newest()
    if newest is None:
        raise SearchUnavailable("there is no graph to search in yet; load records first")
    output = settings.data_dir / FOLDER / newest.name
    with generations.hold(newest) as generation:
        found = read(output, generation)
        if found is None:
            build(generation, output, settings.base_iri)
            found = SearchIndex(output)
        return found
