"""What pages ask: query files with their values filled in, answers kept for a generation, and asked but once."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pyoxigraph as ox
import pytest

from endpoint.asking import Asking, Question, question, words
from endpoint.engine import Answer, Engine, Query
from endpoint.generations import Generation
from endpoint.metrics import Lane
from endpoint.partners import Partners
from endpoint.search.sparql import SearchesInQueries
from endpoint.standing import standing_questions
from ontology.errors import QueryError, QueryTimeout

KENYA = ox.NamedNode("https://w3id.org/clearinghouse/id/country/KE")
BODY = b'{"head":{"vars":["n"]},"results":{"bindings":[{"n":{"type":"literal","value":"1"}}]}}'


class _Answered(Answer):
    def __init__(self, generation: Generation) -> None:
        super().__init__(generation)
        self.head, self.complete = BODY, True

    @property
    def lane(self) -> Lane:
        return "fast"

    async def next_part(self) -> bytes:
        return b""

    def close(self) -> None:
        pass


class Fake:
    """An engine that takes a moment, and counts what it is asked."""

    def __init__(self) -> None:
        self.generation: Generation | None = Generation.named("1")
        self.asked: list[str] = []
        self.fails = False

    async def answer(self, query: Query, *, whole: bool = False) -> Answer:
        self.asked.append(query.text)
        await asyncio.sleep(0.01)
        if self.fails:
            raise QueryTimeout("too long")
        assert self.generation is not None
        return _Answered(self.generation)


class _NoSearch:
    async def answered(self, text: str) -> "_NoSearch":
        self.text = text
        return self

    def lasts(self, generation: str) -> bool:
        return True


def asking(engine: Fake) -> Asking:
    return Asking(cast(Engine, engine), Partners({}), cast(SearchesInQueries, _NoSearch()))


def test_values_are_filled_into_their_lines_and_nothing_else_changes() -> None:
    name = "pages/national-records"
    given, filled = question(name).text, question(name, country=[KENYA, ox.NamedNode("urn:x:y")]).text
    [(before, after)] = [
        (one, two) for one, two in zip(given.splitlines(), filled.splitlines(), strict=True) if one != two
    ]
    assert before.strip().startswith("VALUES ?country {")
    assert after.strip().startswith(f"VALUES ?country {{ {KENYA} <urn:x:y> }}")
    assert len(list(ox.Store().query(filled))) == 0


def test_no_value_leaves_the_line_out() -> None:
    text = question("pages/national-records", country=None).text
    assert "VALUES ?country" not in text
    assert list(ox.Store().query(text)) == []


def test_text_cannot_escape_from_its_literal() -> None:
    hostile = '"} DROP ALL # \\ \n \u202e'
    text = question("pages/labels", thing=ox.Literal(hostile)).text
    assert f"VALUES ?thing {{ {ox.Literal(hostile)} }}" in text
    assert "\n \u202e" not in text


def test_a_variable_that_a_file_does_not_have_is_an_error() -> None:
    with pytest.raises(QueryError, match=r"labels.*\?country"):
        question("pages/labels", country=KENYA)


def test_a_question_says_itself_in_words() -> None:
    assert question("pages/newest-records").words == "Which records were published or amended last?"
    assert words("SELECT * {}") == ""


async def _together(engine: Fake, times: int) -> list[int]:
    one = asking(engine)
    found = await asyncio.gather(*(one.rows(Question("x", "SELECT ?n {}")) for _ in range(times)))
    return [len(rows) for rows in found]


def test_who_asks_the_same_at_the_same_time_waits_for_the_first() -> None:
    engine = Fake()
    assert asyncio.run(_together(engine, 20)) == [1] * 20
    assert engine.asked == ["SELECT ?n {}"]


def test_an_answer_is_kept_until_there_is_a_newer_generation() -> None:
    async def asked_again() -> None:
        engine = Fake()
        one, text = asking(engine), Question("x", "SELECT ?n {}")
        await one.rows(text)
        await one.rows(text)
        assert len(engine.asked) == 1
        engine.generation = Generation.named("2")
        await one.rows(text)
        assert len(engine.asked) == 2

    asyncio.run(asked_again())


def test_what_is_kept_is_bounded_by_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def many() -> None:
        engine = Fake()
        one = asking(engine)
        texts = [Question("x", f"SELECT ?n {{}} # {number}") for number in range(6)]
        for text in texts:  # each answer has a row, so four of them are as much as may be kept
            await one.rows(text)
        await one.rows(texts[-1])
        assert len(engine.asked) == 6
        await one.rows(texts[0])
        assert len(engine.asked) == 7

    monkeypatch.setattr("endpoint.asking._KEPT", 8)
    asyncio.run(many())


def test_the_answer_to_a_query_of_great_length_is_not_kept() -> None:
    async def long() -> None:
        engine = Fake()
        one, text = asking(engine), Question("x", f"SELECT ?n {{}} # {'x' * 20_000}")
        await one.rows(text)
        await one.rows(text)
        assert len(engine.asked) == 2

    asyncio.run(long())


async def _standing(engine: Fake, kept: list[Question]) -> AsyncIterator[int]:
    async with standing_questions(asking(engine), lambda: kept, lambda: engine.generation):
        while True:
            await asyncio.sleep(0.05)
            yield len(engine.asked)


def test_standing_questions_are_asked_once_for_each_generation() -> None:
    async def two_generations() -> None:
        engine, kept = Fake(), [Question("a", "SELECT ?n {}"), Question("b", "SELECT ?n { }")]
        seen = _standing(engine, kept)
        async for number in seen:
            if number == 2:
                break
        engine.generation = Generation.named("2")
        async for number in seen:
            if number == 4:
                break
        assert sorted(engine.asked) == sorted(one.text for one in kept * 2)
        await seen.aclose()

    asyncio.run(asyncio.wait_for(two_generations(), 20))


def test_a_standing_question_that_cannot_be_answered_stops_no_other() -> None:
    async def failing() -> None:
        engine = Fake()
        engine.fails = True
        seen = _standing(engine, [Question("a", "SELECT ?n {}"), Question("b", "SELECT ?n { }")])
        async for number in seen:
            if number == 2:
                break
        await seen.aclose()

    asyncio.run(asyncio.wait_for(failing(), 20))
