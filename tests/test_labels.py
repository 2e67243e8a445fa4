"""Labels: what is kept of them, whoever asks for what."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pyoxigraph as ox
from starlette.requests import Request

from endpoint.asking import Question, Row
from endpoint.generations import Generation
from endpoint.labels import Label, Labels

KENYA = "https://w3id.org/clearinghouse/id/country/KE"


class _Asking:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def rows(self, asked: Question) -> list[Row]:
        self.asked.append(asked.text)
        return [{"thing": ox.NamedNode(KENYA), "label": ox.Literal("Kenya", language="en"), "rank": ox.Literal(1)}]


def test_what_anybody_makes_up_is_not_kept() -> None:
    asking, labels = _Asking(), Labels()
    state = SimpleNamespace(engine=SimpleNamespace(generation=Generation.named("1")), asking=asking)
    request = cast("Request", SimpleNamespace(app=SimpleNamespace(state=state)))
    made_up = f"https://example.org/{'x' * 10_000}"
    for times in (1, 2):
        found = asyncio.run(labels.of(request, [KENYA, made_up]))
        assert found == {KENYA: {"en": Label("Kenya", "en")}, made_up: {}}
        assert len(asking.asked) == times
        assert (KENYA in asking.asked[-1]) == (times == 1)
