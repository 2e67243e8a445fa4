"""The nodes and links of a monitoring chain, made from the answers about its certificates and communiqués."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from endpoint.asking import Row, value
from endpoint.labels import Label
from endpoint.localisation import N_
from endpoint.site.obligations import CH

MEASURE, AUTHORITY, PERMIT, CERTIFICATE, COMMUNIQUE, USER = range(6)
"""The stages, from the first to the last."""
_WITHHELD = {
    f"{CH}provider": (AUTHORITY, N_("Provider")),
    f"{CH}picGrantedTo": (USER, N_("Granted consent")),
}
"""The stage and kind of what a confidential property hides, where the chain has a place for it."""
_GAPS = {
    MEASURE: N_("No measure is named"),
    AUTHORITY: N_("No authority is named"),
    PERMIT: N_("No permit is known"),
    CERTIFICATE: N_("No certificate is available"),
    COMMUNIQUE: N_("No communiqué so far"),
    USER: N_("No user is named"),
}

Words = Callable[..., str]


@dataclass(frozen=True)
class Node:
    """One place in a chain: what kind of thing, what it is called, and what else is to be said.

    `standing` is "current", "revoked", "withheld" or "gap"; a node without IRI has no page.
    """

    key: str
    stage: int
    kind: str
    label: Label
    note: str = ""
    iri: str = ""
    standing: str = "current"
    is_here: bool = False


@dataclass(frozen=True)
class Link:
    """From the key of one node to that of what follows from it."""

    start: str
    end: str


class Facts:
    """What is known of each record of a chain, by the local names of properties."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._known: dict[str, dict[str, list[str]]] = {}
        for row in rows:
            name = value(row, "property").replace("#", "/").rpartition("/")[2]
            self._known.setdefault(value(row, "thing"), {}).setdefault(name, []).append(value(row, "value"))

    def all(self, iri: str, name: str) -> list[str]:
        """The values of a property of a record."""
        return self._known.get(iri, {}).get(name, [])

    def first(self, iri: str, name: str) -> str:
        """One value of a property of a record, empty without any."""
        return next(iter(self.all(iri, name)), "")

    def types(self, iri: str) -> list[str]:
        """The classes of a record."""
        return self.all(iri, "type")

    @property
    def countries(self) -> set[str]:
        """The countries whose records these are."""
        return {iri for facts in self._known.values() for iri in facts.get("government", [])}


class Walk:
    """Goes along the links of a chain and gathers its nodes, each once."""

    def __init__(
        self, here: str, facts: Facts, named: Mapping[str, Label], words: Words, day: Callable[[str], str]
    ) -> None:
        self._here, self._facts, self._named, self._words, self._day = here, facts, named, words, day
        self._nodes: dict[str, Node] = {}
        self._links: dict[Link, None] = {}

    @property
    def links(self) -> list[Link]:
        """The links between the nodes."""
        return list(self._links)

    def nodes(self, stage: int) -> list[Node]:
        """The nodes of a stage."""
        return [node for node in self._nodes.values() if node.stage == stage]

    def certificate(self, iri: str, rows: Iterable[Row], communiques: Iterable[str]) -> None:
        """A certificate with what leads to it, whom it was granted to, and those communiqués that are shown."""
        permit = self._permit(iri)
        self._add(self._record(iri, CERTIFICATE, self._words(N_("Certificate")), self._holds(iri)))
        self._link(permit, iri)
        for row in rows:
            kind, start, end = value(row, "kind"), value(row, "from"), value(row, "to")
            if kind == "measure":
                self._add(self._record(start, MEASURE, self._words(N_("Measure"))))
                self._link(start, end)
            elif kind in ("authority", "provider"):
                said = self._words(N_("Authority")) if kind == "authority" else self._words(N_("Provider"))
                self._add(self._record(start, AUTHORITY, said))
                self._link(start, permit)
            elif kind == "granted":
                self._add(self._record(end, USER, self._words(N_("Granted consent"))))
                self._link(iri, end)
            elif kind == "communique" and end in communiques:
                self._link(iri, end)
            elif kind == "withheld" and end in _WITHHELD:
                self._withheld(iri, permit, *_WITHHELD[end])

    def communique(self, iri: str, rows: Iterable[Row], has_certificate: bool) -> None:
        """A communiqué with its checkpoint and users; without certificate, also where it says all came from."""
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(value(row, "property").removeprefix(CH), []).append(value(row, "value"))
        checkpoints = ", ".join(self._called(one) for one in found.get("checkpoint", []))
        self._add(self._record(iri, COMMUNIQUE, self._words(N_("Checkpoint communiqué")), checkpoints))
        for one in dict.fromkeys(found.get("picGrantedTo", []) + found.get("personAtCheckpoint", [])):
            self._add(self._record(one, USER, self._words(N_("User"))))
            self._link(iri, one)
        if not has_certificate:
            for one in dict.fromkeys(found.get("picGrantedBy", []) + found.get("sourceCountry", [])):
                said = (
                    self._words(N_("Granted by"))
                    if one in found.get("picGrantedBy", [])
                    else self._words(N_("Source country"))
                )
                self._add(self._record(one, AUTHORITY, said))
                self._link(one, iri)

    def more(self, number: int) -> None:
        """Communiqués that are not shown one by one."""
        if number > 0:
            text = self._words(N_("and %(number)s more"), number=number)
            self._add(Node("more", COMMUNIQUE, self._words(N_("Checkpoint communiqués")), Label(text, "")))
            for one in self.nodes(CERTIFICATE):
                self._link(one.key, "more")

    def gaps(self) -> None:
        """Say of each stage in which there is nothing that there is nothing."""
        for stage, text in _GAPS.items():
            if not self.nodes(stage):
                self._add(Node(f"gap-{stage}", stage, "", Label(self._words(text), ""), standing="gap"))

    def _permit(self, iri: str) -> str:
        """The permit or its equivalent of which a certificate was made: it stands in the same record."""
        key = f"{iri}#permit"
        reference = self._facts.first(iri, "nationalReference")
        issued = self._facts.first(iri, "issued")
        note = self._words(N_("issued %(day)s"), day=self._day(issued)) if issued else ""
        label = Label(reference or self._words(N_("Permit or its equivalent")), "")
        self._add(Node(key, PERMIT, self._words(N_("Permit")), label, note, iri))
        return key

    def _withheld(self, iri: str, permit: str, stage: int, kind: str) -> None:
        key = f"{iri}#{kind}"
        label = Label(self._words(N_("Withheld as confidential")), "")
        self._add(Node(key, stage, self._words(kind), label, standing="withheld"))
        self._link(key, permit) if stage < PERMIT else self._link(iri, key)

    def _holds(self, iri: str) -> str:
        """Whether and until when a certificate holds, in words."""
        until = self._facts.first(iri, "validUntil")
        if self._facts.first(iri, "status").endswith("#Revoked"):
            return self._words(N_("Revoked"))
        return (
            self._words(N_("valid until %(day)s"), day=self._day(until))
            if until
            else self._words(N_("no day of expiry"))
        )

    def _record(self, iri: str, stage: int, kind: str, note: str = "") -> Node:
        country = self._facts.first(iri, "government")
        place = self._named[country].text if country in self._named and stage not in (MEASURE, AUTHORITY) else ""
        said = " · ".join(part for part in (place if stage == CERTIFICATE or not note else "", note) if part)
        revoked = self._facts.first(iri, "status").endswith("#Revoked")
        label = self._label(iri, stage)
        return Node(iri, stage, kind, label, said, iri, "revoked" if revoked else "current", iri == self._here)

    def _label(self, iri: str, stage: int) -> Label:
        identifier = self._facts.first(iri, "identifier")
        if stage == CERTIFICATE and identifier:
            return Label(identifier, "")
        return self._named.get(iri) or Label(identifier or iri.rpartition("/")[2], "")

    def _called(self, iri: str) -> str:
        return self._named[iri].text if iri in self._named else self._facts.first(iri, "identifier")

    def _add(self, node: Node) -> None:
        self._nodes.setdefault(node.key, node)

    def _link(self, start: str, end: str) -> None:
        self._links.setdefault(Link(start, end))
