"""Reads the searches in a query: where the search service is called, and what the groups there ask of the index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from endpoint.lexer import FORMS
from endpoint.search.sparql_names import Names
from endpoint.search.sparql_tokens import Source, Token
from endpoint.search.sparql_triples import KEYWORDS, Statement, Triples
from endpoint.search.sparql_words import ANONYMOUS, EXAMPLE, MAX_SEARCHES, NAMESPACE, PROPERTIES, Pattern

_DEEPEST = 100  # groups within each other


@dataclass
class Call:
    """A call of the search service, with the span of its group from brace to brace."""

    start: int
    end: int
    is_silent: bool


@dataclass
class Reading:
    """What a query asks of the index: all patterns, its calls, and the spans of it that an engine must not see."""

    patterns: list[Pattern] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    hidden: list[tuple[int, int]] = field(default_factory=list)

    @property
    def silent(self) -> list[tuple[int, int]]:
        """What stands in the groups of silent calls."""
        return [(call.start + 1, call.end - 1) for call in self.calls if call.is_silent]

    @property
    def is_silent(self) -> bool:
        """Whether all patterns are those of silent calls."""
        return all(any(start <= one.offset < end for start, end in self.silent) for one in self.patterns)


def reading(text: str, names: Names, is_service: Callable[[str], bool], *, is_bare: bool) -> Reading:
    """What the calls of the search service in a query ask for; where it is bare, its other groups too.

    Raises LocatedRefusal for what cannot be asked, LocatedSyntaxError for what is no query.
    """
    reader = _Reader(Source(text, names), is_service)
    if is_bare:
        reader.read_query()
    reader.read_calls()
    return reader.found


@dataclass
class _Group:
    """What is known of the group that is being read; `triples_at` is where its present run of triples begins."""

    patterns: dict[str, Pattern] = field(default_factory=dict)
    triples_at: int | None = None


class _Reader:
    """Reads one query from left to right; places are those of its tokens."""

    def __init__(self, source: Source, is_service: Callable[[str], bool]) -> None:
        self.found = Reading()
        self._source, self._is_service = source, is_service
        self._triples = Triples(source)
        self._calls: set[int] = set()  # the places of those that are read
        self._depth = 0

    def read_calls(self) -> None:
        """Read each call of the search service that is not read yet, wherever it stands."""
        for place, token in enumerate(self._source):
            if token.keyword == "SERVICE" and place not in self._calls and (server := self._server(place)):
                self._service(place, server)

    def read_query(self) -> None:
        """Read the pattern of the query."""
        place = next((place for place, token in enumerate(self._source) if token.keyword in FORMS), None)
        if place is None:
            return
        if self._source[place].keyword == "CONSTRUCT" and self._source[place + 1].text == "{":
            place = self._source.balanced(place + 1)
        if (opening := self._source.opening(place)) is not None:
            self._group(opening)

    # -------------------------------------------------------------------------------------------------------- groups

    def _group(self, place: int) -> int:
        """Read the group that begins at a place; the place after it."""
        opening, first = self._source[place], place
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._source.refused(opening.start, f"a search is not read within more than {_DEEPEST} groups")
        group = _Group()
        place += 1
        while (token := self._source[place]).text != "}":
            if token.kind == "end":
                raise self._source.unclosed(opening)
            place = self._element(place, group)
        self._settle(group)
        if self._depth == 1:
            self._look_through(first, place)
        self._depth -= 1
        return place + 1

    def _element(self, place: int, group: _Group) -> int:
        token = self._source[place]
        if token.text == ".":
            return place + 1
        if token.keyword == "FILTER":  # which does not end a run of triples (SPARQL 1.1, 5.1)
            return self._constraint(place + 1)
        if token.text == "{" or token.keyword in KEYWORDS:
            group.triples_at = None
            return self._other_element(place)
        group.triples_at = token.start if group.triples_at is None else group.triples_at
        statement = self._triples.statement(place)
        if statement.searched:
            self._add(statement, group, group.triples_at)
        return statement.place

    def _other_element(self, place: int) -> int:
        match self._source[place].keyword:
            case "":
                return self._group(place)
            case "BIND":
                return self._expression(place + 1)
            case "VALUES":
                opening = self._source.opening(place)
                return place + 1 if opening is None else self._source.balanced(opening)
            case "GRAPH":
                return place + 2
            case "SELECT":
                return self._selection(place)
            case "SERVICE":
                server = self._server(place)
                return self._service(place, server) if server else self._foreign(place)
            case _:
                return place + 1

    def _selection(self, place: int) -> int:
        """Read a sub-select, up to the brace that closes it."""
        opening = self._source.opening(place)
        if opening is None:
            raise self._source.wrong(self._source[place].start, "this SELECT has no group")
        place = self._group(opening)
        while (token := self._source[place]).text != "}" and token.kind != "end":
            place = self._expression(place) if token.text == "(" else self._source.balanced(place)
        return place

    def _constraint(self, place: int) -> int:
        """Read what follows FILTER."""
        while self._source[place].keyword in ("NOT", "EXISTS"):
            place += 1
        if self._source[place].kind in ("name", "iri"):  # of a function
            place += 1
        return self._group(place) if self._source[place].text == "{" else self._expression(place)

    def _expression(self, place: int) -> int:
        """Read what stands in parentheses, and the groups of EXISTS in it; the place after them."""
        opening, depth = self._source[place], 0
        while (token := self._source[place]).kind != "end":
            if token.text == "{":
                place = self._group(place)
                continue
            depth += (token.text == "(") - (token.text == ")")
            place += 1
            if depth <= 0:
                return place
        raise self._source.unclosed(opening)

    # --------------------------------------------------------------------------------------------------------- calls

    def _server(self, place: int) -> Token | None:
        """The server of the call that begins at a place, if that is the search service."""
        place += 2 if self._source[place + 1].keyword == "SILENT" else 1
        token = self._source[place]
        is_one = token.kind in ("iri", "name") and self._source[place + 1].text == "{"
        return token if is_one and self._is_service(self._source.names.iri(token.text)) else None

    def _service(self, place: int, server: Token) -> int:
        """Read a call of the search service; the place after it."""
        self._calls.add(place)
        known, is_silent = len(self.found.patterns), self._source[place + 1].keyword == "SILENT"
        opening = place + 2 + is_silent
        end = self._group(opening)
        if len(self.found.patterns) == known:
            self._refuse_call(place, opening, end, server)
        self.found.hidden.append((self._source[place].start, server.end))
        start, last = self._source[opening].start, self._source[end - 1].end
        self.found.calls.append(Call(start, last, is_silent))
        return end

    def _refuse_call(self, place: int, opening: int, end: int, server: Token) -> None:
        """Say why a call asks for nothing."""
        for token in (self._source[inner] for inner in range(opening, end)):
            if token.kind == "name" and self._source.names.lacks_prefix(token.text):
                raise self._source.wrong(token.start, f"the prefix {token.text.partition(':')[0]}: is not declared")
        said = f"SERVICE {server.text} expects a search, such as {EXAMPLE}, where search: is <{NAMESPACE}>"
        raise self._source.refused(self._source[place].start, said)

    def _foreign(self, place: int) -> int:
        """The place after the call of another server, whose pattern is not ours to look at."""
        opening = self._source.opening(place)
        if opening is None:
            return place + 1
        end = self._source.balanced(opening)
        self._triples.understood.update(range(opening, end))
        return end

    # ------------------------------------------------------------------------------------------------------ patterns

    def _add(self, statement: Statement, group: _Group, place: int) -> None:
        """Take what a statement asks of the index into the pattern of its subject."""
        subject = statement.subject
        if subject is None:
            raise self._source.refused(
                statement.start, "what a search finds is a variable, an IRI or a blank node, not this"
            )
        pattern = group.patterns.get(subject.name)
        if pattern is None:
            iri = subject.term.value if subject.term is not None else ""
            pattern = Pattern(statement.start, place, subject.text, subject.variable, iri)
            group.patterns[subject.name] = pattern
            self.found.patterns.append(pattern)
            if len(self.found.patterns) > MAX_SEARCHES:
                raise self._source.refused(statement.start, f"a query may have {MAX_SEARCHES} searches")
        for pair in statement.searched:
            known = pattern.objects.setdefault(pair.name, [])
            known += pair.objects
            if len(known) > 1 and not PROPERTIES[pair.name].is_repeatable:
                raise self._source.refused(pair.start, f"{pattern.shown} can have one search:{pair.name} only")
        if subject.text == ANONYMOUS and not statement.is_all_searched:
            raise self._has_others(pattern)
        self.found.hidden += statement.spans()

    def _look_through(self, first: int, last: int) -> None:
        """Look whether all that is said in the search namespace from one place to another is understood."""
        for place in range(first, last):
            token = self._source[place]
            if place not in self._triples.understood and self._triples.is_ours(token):
                said = "can only be the predicate of a triple that stands in no brackets, and no part of a path"
                raise self._source.refused(token.start, f"{token.text} {said}")

    def _settle(self, group: _Group) -> None:
        """Look whether the searches of a group are whole."""
        for pattern in group.patterns.values():
            if "query" not in pattern.objects:
                said = (
                    f"{pattern.shown} has search:{next(iter(pattern.objects))}, which expects a search:query beside it"
                )
                raise self._source.refused(pattern.offset, said)
            variables = [variable for variable, _ in pattern.columns]
            if twice := next((one for one in variables if variables.count(one) > 1), None):
                raise self._source.refused(pattern.offset, f"?{twice} stands for two things of one search")
            if pattern.shown.startswith("_:") and self._is_shown(pattern.shown):
                raise self._has_others(pattern)

    def _is_shown(self, label: str) -> bool:
        """Whether a blank node stands in what an engine sees."""
        hidden = self.found.hidden
        return any(
            token.text == label and not any(start <= token.start < end for start, end in hidden)
            for token in self._source
        )

    def _has_others(self, pattern: Pattern) -> Exception:
        said = f"{pattern.shown} has other statements beside its search, which expects a variable for that"
        return self._source.refused(pattern.offset, said)
