"""The monitoring of utilization: from the measure to the users of a genetic resource, as a picture and as a list.

`chain` is what the page of a certificate or communiqué shows of it; `/record/{guid}/chain` is the page of it alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from endpoint import asking, languages, localisation, web
from endpoint.asking import Question, Row, question, value
from endpoint.labels import Label, labels
from endpoint.localisation import N_, gettext
from endpoint.site.chain_drawing import Drawing, drawn
from endpoint.site.chain_nodes import Facts, Link, Node, Walk
from endpoint.site.obligations import CH
from ontology.errors import IdentifierError
from ontology.identifiers import Iris

STAGES = (
    N_("Measures"),
    N_("Authorities and providers"),
    N_("Permits"),
    N_("Certificates"),
    N_("Communiqués"),
    N_("Users"),
)
"""What the nodes of each stage are, from the first to the last."""
ROLES = {
    "national focal point": N_("National focal point"),
    "competent national authority": N_("Competent national authority"),
    "provider": N_("Provider"),
    "provider, confidential": N_("Provider, withheld as confidential"),
    "person or entity granted consent": N_("Person or entity that was granted consent"),
    "person or entity granted consent, confidential": N_(
        "Person or entity that was granted consent, withheld as confidential"
    ),
    "authority named by the checkpoint": N_("Authority that the checkpoint names"),
    "authority of the country of the checkpoint": N_("Authority of the country of the checkpoint"),
    "focal point of the providing country": N_("Focal point of the providing country"),
    "competent authority of the providing country": N_("Competent authority of the providing country"),
}
"""The roles in the answers on who receives copies, in words to be translated."""
_CERTIFICATE, _COMMUNIQUE = f"{CH}Certificate", f"{CH}CheckpointCommunique"
_SHOWN = 6
"""Communiqués that are drawn; the others are counted."""


@dataclass(frozen=True)
class Recipient:
    """Who receives a copy: as what, called what, and its IRI where it is known."""

    role: str
    name: Label | None
    iri: str
    is_withheld: bool


@dataclass(frozen=True)
class Chain:
    """What leads to a certificate or communiqué and what follows: nodes by stage, links, two drawings, who is told."""

    iri: str
    stages: Sequence[tuple[str, Sequence[Node]]]
    links: Sequence[Link]
    across: Drawing
    down: Drawing
    recipients: Sequence[Recipient]
    asked: Question
    receiving: Question | None


def routes() -> list[BaseRoute]:
    """`/record/{guid}/chain`."""
    return [web.route("/record/{guid}/chain", _chain)]


async def _chain(request: Request) -> Response:
    """The chain of a certificate or a communiqué."""
    guid: str = request.path_params["guid"]
    try:
        iri = Iris(request.app.state.settings.base_iri).record(guid).value
    except (IdentifierError, ValueError):
        raise web.not_found("there is no such record") from None
    found = await chain(request, iri)
    if found is None:
        raise web.not_found("only certificates and checkpoint communiqués have a chain, and none has this identifier")
    return web.page(request, "chain_page.html", chain=found, labels=await labels(request, [iri]))


async def chain(request: Request, iri: str) -> Chain | None:
    """The chain through a record; None where it is neither a certificate nor a checkpoint communiqué."""
    kinds = (await _facts(request, [iri])).types(iri)
    if _CERTIFICATE in kinds:
        return await _of_certificates(request, iri, [iri], [])
    if _COMMUNIQUE in kinds:
        told = await asking.rows(request, _users([iri]))
        cited = [value(row, "value") for row in told if value(row, "property") == f"{CH}certificate"]
        return await _of_certificates(request, iri, cited, [iri])
    return None


async def _of_certificates(request: Request, iri: str, certificates: list[str], only: list[str]) -> Chain:
    """The chain of certificates; where `only` is given, of the communiqués these alone."""
    asked = question("pages/chain", certificate=_nodes(certificates)) if certificates else _users(only)
    links = await asking.rows(request, asked) if certificates else []
    found = only or [value(row, "to") for row in links if value(row, "kind") == "communique"]
    shown = list(dict.fromkeys(found))[:_SHOWN]
    told = await asking.rows(request, _users(shown)) if shown else []
    things = {iri, *_iris(links, "from", "to"), *_iris(told, "communique", "value")}
    facts = await _facts(request, things)
    named, (receiving, recipients) = await asyncio.gather(
        labels(request, things | facts.countries), _recipients(request, iri, facts)
    )
    tongue = localisation.language(request)
    walk = Walk(iri, facts, named, partial(gettext, request), partial(localisation.day, shown_in=tongue))
    for certificate in certificates:
        walk.certificate(certificate, [row for row in links if value(row, "certificate") == certificate], shown)
    for communique in shown:
        walk.communique(communique, [row for row in told if value(row, "communique") == communique], bool(certificates))
    walk.more(len(set(found)) - len(shown))
    walk.gaps()
    is_rtl = languages.direction(tongue) == "rtl"
    stages = [(gettext(request, title), walk.nodes(stage)) for stage, title in enumerate(STAGES)]
    across, down = drawn(stages, walk.links, is_rtl)
    return Chain(iri, stages, walk.links, across, down, recipients, asked, receiving)


async def _recipients(request: Request, iri: str, facts: Facts) -> tuple[Question | None, list[Recipient]]:
    """Who receives a copy of a record, and the question of the library that says so."""
    identifier = facts.first(iri, "identifier")
    if not identifier:
        return None, []
    kind = "certificate" if _CERTIFICATE in facts.types(iri) else "communique"
    asked = question(f"who-receives-a-new-{kind}", **{kind: ox.Literal(identifier)})
    rows = await asking.rows(request, asked)
    known = [ox.Literal(value(row, "recipient")) for row in rows if "recipient" in row]
    found = await asking.rows(request, question("pages/named-records", identifier=known)) if known else []
    records = {value(row, "identifier"): value(row, "record") for row in found}
    return asked, [_recipient(request, row, records) for row in rows]


def _recipient(request: Request, row: Row, records: dict[str, str]) -> Recipient:
    role, name = value(row, "role"), row.get("name")
    label = Label(name.value, name.language or "") if isinstance(name, ox.Literal) else None
    words = gettext(request, ROLES[role]) if role in ROLES else role
    return Recipient(words, label, records.get(value(row, "recipient"), ""), role.endswith("confidential"))


async def _facts(request: Request, iris: Iterable[str]) -> Facts:
    return Facts(await asking.rows(request, question("pages/facts-of-a-chain", thing=_nodes(sorted(iris)))))


def _users(communiques: Iterable[str]) -> Question:
    return question("pages/users-of-communiques", communique=_nodes(communiques))


def _nodes(iris: Iterable[str]) -> list[ox.NamedNode]:
    return [ox.NamedNode(iri) for iri in iris]


def _iris(rows: Iterable[Row], *names: str) -> set[str]:
    """The IRIs of some variables."""
    return {term.value for row in rows for name in names if isinstance(term := row.get(name), ox.NamedNode)}
