"""What Parties are to make available, rule by rule, and which of it a country has published."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from endpoint.localisation import N_

CH = "https://w3id.org/clearinghouse/ns#"
ABSCH, BCH = f"{CH}ABSCH", f"{CH}BCH"


@dataclass(frozen=True)
class Rule:
    """One thing to publish: in words, where that is said, the record types or kinds of focal point that are it.

    It is mandatory for every Party unless `condition` says when.
    """

    words: str
    article: str
    house: str
    types: tuple[str, ...] = ()
    focal_points: tuple[str, ...] = ()
    condition: str = ""


@dataclass(frozen=True)
class Finding:
    """A rule, and how many records of a country meet it."""

    rule: Rule
    records: int

    @property
    def is_met(self) -> bool:
        """Whether anything of the kind has been published."""
        return self.records > 0


@dataclass(frozen=True)
class Obligations:
    """The rules of one Protocol: the key of the treaty, where they are said, and what the graph has nothing of."""

    key: str
    title: str
    rules: tuple[Rule, ...]
    remark: str = ""

    def findings(self, records: Mapping[tuple[str, str], int], focal_points: Mapping[str, int]) -> list[Finding]:
        """How a country stands, given its records by house and type and its focal points by kind."""
        return [Finding(rule, _number(rule, records, focal_points)) for rule in self.rules]


def missing(findings: Iterable[Finding]) -> list[Finding]:
    """What every Party has to publish and this one has not."""
    return [finding for finding in findings if not finding.is_met and not finding.rule.condition]


def mandatory(findings: Iterable[Finding]) -> list[Finding]:
    """What every Party has to publish."""
    return [finding for finding in findings if not finding.rule.condition]


def _number(rule: Rule, records: Mapping[tuple[str, str], int], focal_points: Mapping[str, int]) -> int:
    by_type = sum(records.get((rule.house, f"{CH}{name}"), 0) for name in rule.types)
    return by_type + sum(focal_points.get(code, 0) for code in rule.focal_points)


NAGOYA = Obligations(
    "np",
    N_("Nagoya Protocol, Article 14, paragraph 2"),
    (
        Rule(
            N_("Legislative, administrative and policy measures on access and benefit-sharing"),
            "14.2 (a)",
            ABSCH,
            ("Measure",),
        ),
        Rule(N_("National focal point"), "14.2 (b), 13.1", ABSCH, focal_points=("ABS-FP",)),
        Rule(N_("Competent national authority or authorities"), "14.2 (b), 13.2", ABSCH, ("Authority",)),
        Rule(
            N_("Permits or their equivalents, as evidence of consent and of mutually agreed terms"),
            "14.2 (c), 6.3 (e)",
            ABSCH,
            ("Certificate",),
            condition=N_("where access has been granted"),
        ),
        Rule(
            N_("Checkpoints"),
            "17.1 (a)",
            ABSCH,
            ("Checkpoint",),
            condition=N_("where checkpoints have been designated"),
        ),
        Rule(
            N_("National report on the implementation of the Protocol"),
            "29",
            ABSCH,
            ("NagoyaInterimNationalReport", "NagoyaNationalReport1"),
            condition=N_("when a report is due"),
        ),
    ),
)
CARTAGENA = Obligations(
    "cpb",
    N_("Cartagena Protocol, Article 20, paragraph 3"),
    (
        Rule(
            N_("Laws, regulations and guidelines for the implementation of the Protocol"),
            "20.3 (a)",
            BCH,
            ("BiosafetyLaw",),
        ),
        Rule(
            N_("National focal point for the Protocol"),
            "19.1, 19.2",
            BCH,
            focal_points=("CPB-FP1", "CPB-FP2", "BCH-FP"),
        ),
        Rule(N_("Competent national authority or authorities"), "19.1, 19.2", BCH, ("Authority",)),
        Rule(
            N_("Final decisions on the importation or release of living modified organisms"),
            "20.3 (d)",
            BCH,
            ("BiosafetyDecision",),
            condition=N_("where a decision has been taken"),
        ),
        Rule(
            N_("Summaries of risk assessments"),
            "20.3 (c)",
            BCH,
            ("NationalRiskAssessment",),
            condition=N_("where a risk assessment has been carried out"),
        ),
        Rule(
            N_("Point of contact for unintentional transboundary movements"),
            "17.2",
            BCH,
            focal_points=("CPB-A17-FP",),
            condition=N_("told to the clearing-house or in another way"),
        ),
    ),
    N_(
        "Agreements (Article 20.3 (b)) and national reports on biosafety (Article 20.3 (e)) are not part of this graph."
    ),
)
ALL = (NAGOYA, CARTAGENA)
