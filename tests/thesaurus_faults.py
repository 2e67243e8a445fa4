"""For every check of the thesaurus: statements in which it must find a fault, on which concept, and some without it."""

from dataclasses import dataclass

PREFIXES = """
@prefix : <http://example.org/voc/> .
@prefix ch: <https://w3id.org/clearinghouse/ns#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix scheme: <https://w3id.org/clearinghouse/id/scheme/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix skosxl: <http://www.w3.org/2008/05/skos-xl#> .
@prefix term: <https://w3id.org/clearinghouse/id/term/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
SCHEMES = """
:s a skos:ConceptScheme ; dcterms:title "S"@en .
:t a skos:ConceptScheme ; dcterms:title "T"@en .
"""
CONCEPT = "a skos:Concept ; skos:inScheme :s"
A, B, C = (f':{name} {CONCEPT} ; skos:prefLabel "{name.upper()}"@en .\n' for name in "abc")
SCHEME = 'scheme:S a skos:ConceptScheme ; dcterms:identifier "S" ; dcterms:title "S"@en ; ch:completeness "partial" .\n'
TERM = 'a skos:Concept ; dcterms:identifier "A" ; skos:inScheme scheme:S ; skos:prefLabel "Alder"@en'
OTHER = TERM.replace('identifier "A"', 'identifier "B"').replace("Alder", "Birch")
CHAIN = A + B + C + ":a skos:broader :b . :b skos:broader :c . "


@dataclass(frozen=True)
class Case:
    """What must be found, on which concept, and what not; the schemes go without saying."""

    bad: str
    good: str
    node: str = "a"

    def text(self, part: str) -> str:
        return PREFIXES + SCHEMES + part

    @property
    def iri(self) -> str:
        """The IRI of the node, empty for the thesaurus as a whole and for a blank node."""
        prefix, _, local = self.node.rpartition(":")
        return _NAMESPACES.get(prefix, "http://example.org/voc/") + local if self.node else ""


_NAMESPACES = {
    "term": "https://w3id.org/clearinghouse/id/term/",
    "scheme": "https://w3id.org/clearinghouse/id/scheme/",
    "urn": "urn:",
}


def labelled(labels: str) -> str:
    return f":a {CONCEPT} ; {labels} ."


def related(statement: str) -> str:
    return A + B + statement


CASES: dict[str, list[Case]] = {
    "ambiguous-notation": [
        Case(
            A + B + ':a skos:notation "1" . :b skos:notation "1" .',
            A + B + ':a skos:notation "1" . :b skos:notation "2" .',
        )
    ],
    "blank-concept": [Case('[] a skos:Concept ; skos:prefLabel "A"@en .', A, "")],
    "class-clash": [
        Case(A + ":a a skos:Collection .", A + ":c a skos:Collection ."),
        Case(":s a skos:Concept .", A, "s"),
        Case(":s a skosxl:Label .", ':l a skosxl:Label ; skosxl:literalForm "L"@en .', "s"),
        Case(A + ":a a skos:OrderedCollection .", ":c a skos:OrderedCollection , skos:Collection ."),
    ],
    "cyclic-hierarchy": [
        Case(CHAIN + ":c skos:broader :a .", CHAIN),
        Case(CHAIN + ":a skos:narrower :c .", CHAIN + ":c skos:narrower :b .", "b"),
    ],
    "dangling-mapping": [
        Case(
            SCHEME + f"term:A {TERM} ; skos:closeMatch term:B .",
            SCHEME + f"term:A {TERM} ; skos:closeMatch :b .",
            "term:A",
        )
    ],
    "dangling-relation": [Case(A + ":a skos:broader :nothing .", related(":a skos:broader :b ."))],
    "dangling-scheme": [Case(A + ":a skos:inScheme :nothing .", A + ":a skos:inScheme :t .")],
    "deprecated-in-use": [
        Case(
            related(":b owl:deprecated true . :a skos:broader :b ."),
            related(":b owl:deprecated true ; skos:broader :a ."),
        ),
        Case(A + ":a owl:deprecated true . :s skos:hasTopConcept :a .", A + ":s skos:hasTopConcept :a .", "s"),
    ],
    "deprecated-without-replacement": [
        Case(A + ":a owl:deprecated true .", related(":a owl:deprecated true ; dcterms:isReplacedBy :b ."))
    ],
    "disconnected-cluster": [
        Case(
            CHAIN + f":x {CONCEPT} ; skos:related :y . :y {CONCEPT} .",
            CHAIN + f":x {CONCEPT} ; skos:related :y . :y {CONCEPT} ; skos:related :a .",
            "x",
        )
    ],
    "empty-label": [
        Case(labelled('skos:prefLabel "  "@en'), labelled('skos:prefLabel "A b"@en')),
        Case(labelled('skos:prefLabel "A"@en ; skos:altLabel ""@fr'), labelled('skos:prefLabel "A"@en')),
        Case(labelled('skos:prefLabel "A"@en , "\\u3000"@zh'), labelled('skos:prefLabel "A"@en , "水\\u3000土"@zh')),
    ],
    "homograph": [
        Case(
            A + ':d a skos:Concept ; skos:inScheme :t ; skos:prefLabel "A"@en .',
            A + ':d a skos:Concept ; skos:inScheme :t ; skos:prefLabel "A"@en ; skos:closeMatch :a .',
        )
    ],
    "identifier": [
        Case(SCHEME + f'term:A {TERM} ; dcterms:identifier "B" .', SCHEME + f"term:A {TERM} .", "term:A"),
        Case(
            SCHEME + f'term:A {TERM} ; ch:alternateIdentifier "b" . term:B {OTHER} .',
            SCHEME + f'term:A {TERM} ; ch:alternateIdentifier "c" . term:B {OTHER} .',
            "term:B",
        ),
        Case(SCHEME.replace('"S" ;', '"R" ;'), SCHEME, "scheme:S"),
    ],
    "incomplete-languages": [
        Case(
            labelled('skos:prefLabel "A"@en') + f':b {CONCEPT} ; skos:prefLabel "B"@en , "B"@fr .',
            labelled('skos:prefLabel "A"@en , "A"@fr-CA') + f':b {CONCEPT} ; skos:prefLabel "B"@en , "B"@fr .',
        )
    ],
    "label-clash": [
        Case(
            labelled('skos:prefLabel "A"@en ; skos:altLabel "A"@en'),
            labelled('skos:prefLabel "A"@en ; skos:altLabel "A"@fr'),
        ),
        Case(
            labelled('skos:prefLabel "A"@en ; skos:hiddenLabel "A"@en'),
            labelled('skos:prefLabel "A"@en ; skos:hiddenLabel "a"@en'),
        ),
        Case(
            labelled('skos:altLabel "A"@en ; skos:hiddenLabel "A"@en'),
            labelled('skos:altLabel "A"@en ; skos:hiddenLabel "B"@en'),
        ),
    ],
    "label-not-text": [
        Case(labelled("skos:prefLabel :b"), labelled('skos:prefLabel "A"')),
        Case(
            labelled('skos:prefLabel "A"@en ; skos:altLabel 7'),
            labelled('skos:prefLabel "A"@en ; skos:altLabel "7"@en'),
        ),
    ],
    "label-standing": [
        Case(
            SCHEME + f'term:A {TERM} ; ch:unofficialLabel "Aulne"@fr .',
            SCHEME + f'term:A {TERM} , "Aulne"@fr ; ch:unofficialLabel "Aulne"@fr .',
            "term:A",
        )
    ],
    "label-without-language": [
        Case(labelled('skos:prefLabel "A"'), labelled('skos:prefLabel "A"@en')),
        Case(
            labelled('skos:prefLabel "A"@en ; skos:altLabel "B"'),
            labelled('skos:prefLabel "A"@en ; skos:altLabel "B"@en'),
        ),
    ],
    "mapping-clash": [
        Case(A + ":a skos:exactMatch :x ; skos:broadMatch :x .", A + ":a skos:exactMatch :x ; skos:broadMatch :y ."),
        Case(
            A + ":x skos:exactMatch :a . :a skos:relatedMatch :x .",
            A + ":x skos:exactMatch :a . :a skos:closeMatch :x .",
        ),
        Case(
            A + ":a skos:exactMatch :x ; skos:narrowMatch :y . :y skos:exactMatch :x .",
            A + ":a skos:exactMatch :x ; skos:narrowMatch :y .",
        ),
    ],
    "mapping-within-scheme": [
        Case(
            related(":a skos:exactMatch :b ."),
            related(":a skos:exactMatch :d . :d a skos:Concept ; skos:inScheme :t ."),
        ),
    ],
    "missing-english-label": [
        Case(SCHEME + f"term:A {TERM} .".replace('Alder"@en', 'Aulne"@fr'), SCHEME + f"term:A {TERM} .", "term:A")
    ],
    "missing-label": [Case(labelled('skos:altLabel "A"@en'), labelled('skos:prefLabel "A"@en'))],
    "missing-scheme": [
        Case(
            ':a a skos:Concept ; skos:prefLabel "A"@en .',
            ':a a skos:Concept ; skos:prefLabel "A"@en . :s skos:hasTopConcept :a .',
        ),
        Case(":a a skos:Concept .", ":a a skos:Concept ; skos:topConceptOf :s ."),
    ],
    "no-common-language": [
        Case(A + ':b a skos:Concept ; skos:prefLabel "B"@fr .', A + B, ""),
    ],
    "no-web-address": [Case("<urn:a> a skos:Concept .", A, "urn:a")],
    "notation-with-language": [Case(A + ':a skos:notation "1"@en .', A + ':a skos:notation "1" .')],
    "omitted-top-concepts": [Case(A, A + ":a skos:topConceptOf :s .", "s")],
    "orphan": [Case(A, related(":b skos:related :a .")), Case(A, A + ":a owl:deprecated true .")],
    "other-language": [
        Case(SCHEME + f'term:A {TERM} , "Erle"@de .', SCHEME + f'term:A {TERM} , "Aliso"@es .', "term:A")
    ],
    "overlapping-labels": [Case(related(':a skos:altLabel "B"@en .'), related(':a skos:altLabel "B"@fr .'))],
    "redundant-broader": [
        Case(CHAIN + ":a skos:broader :c .", CHAIN + ":a skos:broader :d ."),
        Case(CHAIN.replace(":b skos:broader :c", ":c skos:narrower :b") + ":a skos:broader :c .", CHAIN),
    ],
    "reflexive-relation": [
        Case(A + ":a skos:related :a .", related(":a skos:related :b .")),
        Case(A + ":a skos:broader :a .", related(":a skos:broader :b .")),
        Case(A + ":a skos:exactMatch :a .", related(":a skos:exactMatch :b .")),
    ],
    "related-to-broader": [
        Case(CHAIN + ":a skos:related :c .", CHAIN + f":a skos:related :d . :d {CONCEPT} ."),
        Case(CHAIN + ":c skos:related :a .", CHAIN + ":c skos:closeMatch :a .", "c"),
        Case(A + B + ":a skos:broaderTransitive :b ; skos:related :b .", A + B + ":a skos:related :b ."),
    ],
    "relation-of-no-concept": [
        Case(B + ":a skos:broader :b .", B + A + ":a skos:broader :b ."),
        Case(
            B + ":a a :Animal ; skos:related :b .",
            B + ":a a :Animal ; skos:related :b . :Animal rdfs:subClassOf skos:Concept .",
        ),
    ],
    "relation-to-literal": [Case(A + ':a skos:broader "B" .', related(":a skos:broader :b ."))],
    "replaced-by-unusable": [
        Case(
            related(":a owl:deprecated true ; dcterms:isReplacedBy :b . :b owl:deprecated true ."),
            related(":a owl:deprecated true ; dcterms:isReplacedBy :b ."),
        ),
        Case(A + ":a dcterms:isReplacedBy :nothing .", related(":a dcterms:isReplacedBy :b .")),
    ],
    "same-preferred-label": [
        Case(A + f':d {CONCEPT} ; skos:prefLabel "A"@en .', A + f':d {CONCEPT} ; skos:prefLabel "A"@fr .'),
        Case(
            A + f':d {CONCEPT} ; skos:prefLabel "A"@en .',
            A + f':d {CONCEPT} ; skos:prefLabel "A"@en ; owl:deprecated true .',
        ),
        Case(
            A + f':d {CONCEPT} ; skos:prefLabel "A"@en .',
            A + ':d a skos:Collection ; skos:inScheme :s ; skos:prefLabel "A"@en .',
        ),
    ],
    "scheme-completeness": [
        Case(SCHEME.replace("partial", "nearly"), SCHEME, "scheme:S"),
        Case(SCHEME.replace('; ch:completeness "partial"', ""), SCHEME, "scheme:S"),
    ],
    "scheme-title": [Case(SCHEME.replace("@en", "@fr"), SCHEME, "scheme:S")],
    "script-against-language": [
        Case(labelled(f'skos:prefLabel "{bad}"@{tag}'), labelled(f'skos:prefLabel "{good}"@{tag}'))
        for tag, bad, good in (
            ("zh", "Forest", "森林"),
            ("zh-Hans", "Forest", "DNA"),
            ("ar", "Forest", "غابة"),
            ("ru", "Forest", "Лес (Forest)"),
            ("ru", "森林", "ГЭФ"),
            ("en", "Лес", "Forest Лес"),
            ("fr", "غابة", "Forêt"),
            ("es", "森林", "Ñandú"),
            ("ar", "Лес", "DNA"),
            ("ja", "Forest", "フォレスト"),
            ("vi", "森林", "Rừng"),
            ("el", "Forest", "Δάσος"),
            ("zh", "Лес", "zh Лес 森"),
            ("ar", "森林", "CO₂"),
        )
    ]
    + [Case(labelled('skos:prefLabel "Лес"@en'), labelled('skos:prefLabel "Les"@ru-Latn'))],
    "solely-transitive": [
        Case(A + B + ":a skos:broaderTransitive :b .", CHAIN + ":a skos:broaderTransitive :c ."),
        Case(A + B + ":b skos:narrowerTransitive :a .", CHAIN + ":c skos:narrowerTransitive :a ."),
    ],
    "top-concept-with-broader": [
        Case(
            related(":a skos:topConceptOf :s ; skos:broader :b ."),
            related(":a skos:topConceptOf :t ; skos:broader :b ."),
        ),
        Case(related(":s skos:hasTopConcept :a . :b skos:narrower :a ."), related(":s skos:hasTopConcept :a .")),
    ],
    "two-member-lists": [
        Case(
            ":a a skos:OrderedCollection ; skos:memberList ( :b ) , ( :c ) .",
            ":a a skos:OrderedCollection ; skos:memberList ( :b :c ) .",
        )
    ],
    "two-preferred-labels": [
        Case(labelled('skos:prefLabel "A"@en , "B"@en'), labelled('skos:prefLabel "A"@en , "B"@en-GB')),
        Case(labelled('skos:prefLabel "A"@en , "甲"@zh , "乙"@zh'), labelled('skos:prefLabel "A"@en , "甲"@zh')),
    ],
    "undefined-skos-term": [
        Case(A + ':a skos:prefLable "A"@en .', A),
        Case(A + ":a a skos:Koncept .", A),
    ],
    "undocumented": [Case(A, A + ':a skos:scopeNote "Of A."@en .')],
    "unidirectional-relation": [
        Case(related(":a skos:related :b ."), related(":a skos:related :b . :b skos:related :a .")),
        Case(CHAIN + ":c skos:narrower :b .", CHAIN),
    ],
    "unnamed-scheme": [Case(":a a skos:ConceptScheme .", ':a a skos:ConceptScheme ; skos:prefLabel "A"@en .')],
    "unprintable-character": [
        Case(labelled(f'skos:prefLabel "A{bad}b"@en'), labelled(f'skos:prefLabel "A{good}b"@en'))
        for bad, good in (
            ("\\uFFFD", "é"),
            ("\\uFEFF", " "),
            ("\\u200B", "\\u2019"),
            ("\\u0007", "-"),
            ("\\u202E", "\\u2013"),
        )
    ]
    + [
        Case(labelled('skos:prefLabel "A\\u200Bb"@en'), labelled('skos:prefLabel "ការ\\u200Bសង"@km')),
        Case(labelled('skos:altLabel "a\\nfr b"@en'), labelled('skos:prefLabel "می\\u200Cخواهم"@fa')),
    ],
    "untrimmed-label": [
        Case(labelled('skos:prefLabel " A"@en'), labelled('skos:prefLabel "A"@en')),
        Case(
            labelled('skos:prefLabel "A"@en ; skos:altLabel "B\\u00A0"@fr'),
            labelled('skos:prefLabel "A"@en ; skos:altLabel "B\\u00A0c"@fr'),
        ),
        Case(labelled('skos:hiddenLabel "a\\t"@en'), labelled('skos:hiddenLabel "a"@en')),
    ],
    "valueless-relation": [
        Case(
            A + B + C + ":a skos:broader :c ; skos:related :b . :b skos:broader :c .",
            A + B + C + ":a skos:broader :c ; skos:related :b .",
        )
    ],
    "wrong-language-tag": [
        Case(labelled(f'skos:prefLabel "A"@{bad}'), labelled(f'skos:prefLabel "A"@{good}'))
        for bad, good in (
            ("jp", "ja"),
            ("eng", "en"),
            ("cn", "zh"),
            ("en-toolongasubtag", "en-GB"),
            ("xx", "zh-Hant-TW"),
            ("gr", "gsw"),
            ("englisch", "en-x-own"),
        )
    ],
}
