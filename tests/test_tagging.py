"""The tagger on small thesauri and texts made up here: what it finds, learns, keeps and never does."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from endpoint.tagging_cli import app
from ontology.errors import TaggingError
from thesaurus.tagging import Tagged, Tagger
from thesaurus.tagging.analysis import Lexicons
from thesaurus.tagging.concepts import Concepts
from thesaurus.tagging.corpora import corpus, folds, parallel_texts
from thesaurus.tagging.engine import examples_of
from thesaurus.tagging.evaluation import _drawn, consistency, cross_validation, scores
from thesaurus.tagging.neighbours import Neighbours
from thesaurus.tagging.ranker import Experience
from thesaurus.tagging.text import language_of, tokens, units

BASE = "https://example.org/v/"
TURTLE = f"""
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix v: <{BASE}> .
v:wetlands a skos:Concept ; skos:inScheme v:nature ; skos:notation "W1" ; skos:prefLabel "wetlands"@en,
  "zones humides"@fr,
  "humedales"@es, "водно-болотные угодья"@ru, "湿地"@zh-Hans, "الأراضي الرطبة"@ar ; skos:altLabel "marshes"@en .
v:species a skos:Concept ; skos:inScheme v:nature ; skos:prefLabel "invasive alien species"@en,
  "espèces exotiques envahissantes"@fr, "especies exóticas invasoras"@es, "инвазивные чужеродные виды"@ru,
  "外来入侵物种"@zh,
  "الأنواع الغريبة الغازية"@ar .
v:forests a skos:Concept ; skos:inScheme v:nature ; skos:prefLabel "forests"@en, "forêts"@fr, "bosques"@es, "леса"@ru,
  "森林"@zh, "الغابات"@ar ; skos:narrower v:mangroves .
v:mangroves a skos:Concept ; skos:inScheme v:nature ; skos:prefLabel "mangrove forests"@en ;
  skos:scopeNote "Trees that stand in salty coastal water."@en .
v:finance a skos:Concept ; skos:inScheme v:means ; skos:prefLabel "finance"@en, "financement"@fr, "financiación"@es,
  "финансирование"@ru, "资金"@zh, "التمويل"@ar .
v:aids a skos:Concept ; skos:inScheme v:means ; skos:prefLabel "AIDS"@en .
v:swamps a skos:Concept ; skos:inScheme v:nature ; skos:prefLabel "swamps"@en ; owl:deprecated true ;
  dcterms:isReplacedBy v:wetlands .
v:old a skos:Concept ; skos:inScheme v:nature ; skos:prefLabel "bogs"@en ; owl:deprecated "1"^^xsd:boolean .
v:nature a skos:ConceptScheme ; skos:prefLabel "nature"@en .
"""
PARALLEL = {
    "en": "Parties protect wetlands and control invasive alien species in forests.",
    "fr": "Les Parties protègent les zones humides et contrôlent les espèces exotiques envahissantes des forêts.",
    "es": "Las Partes protegen los humedales y controlan las especies exóticas invasoras en los bosques.",
    "ru": "Стороны охраняют водно-болотные угодья и контролируют инвазивные чужеродные виды в лесах.",
    "zh": "缔约方保护湿地并控制森林中的外来入侵物种。",
    "ar": "تحمي الأطراف الأراضي الرطبة وتكافح الأنواع الغريبة الغازية في الغابات.",
}


def statements() -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(TURTLE, format=ox.RdfFormat.TURTLE)]


def named(tagger: Tagger, text: str, language: str | None = None, limit: int = 3) -> list[str]:
    return [one.concept.removeprefix(BASE) for one in tagger.suggestions(text, language, limit)]


def found_texts(tagger: Tagger, text: str, concept: str, language: str | None = None) -> list[str]:
    one = next(one for one in tagger.suggestions(text, language) if one.concept == BASE + concept)
    return [text[span.start : span.end] for span in one.evidence]


def lessons(number: int) -> list[Tagged]:
    """Texts about money that never name finance, and texts about wetlands: what only examples teach."""
    money = [
        Tagged(f"m{n}", f"Donors pledged {n} million for the budget.", "en", frozenset({BASE + "finance"}))
        for n in range(number // 2)
    ]
    water = [
        Tagged(f"w{n}", f"Site {n}: wetlands along the river.", "en", frozenset({BASE + "wetlands"}))
        for n in range(number - number // 2)
    ]
    return [*money, *water]


@pytest.mark.parametrize("language", sorted(PARALLEL))
def test_the_same_concepts_are_found_in_six_languages(language: str) -> None:
    tagger = Tagger.trained(statements())
    assert set(named(tagger, PARALLEL[language], language)) == {"wetlands", "species", "forests"}


@pytest.mark.parametrize("language", sorted(PARALLEL))
def test_a_language_that_is_not_given_is_told(language: str) -> None:
    assert language_of(PARALLEL[language], PARALLEL) == language


def test_a_text_that_could_be_of_several_languages_is_taken_as_english() -> None:
    assert language_of("Alien species in protected areas", ["de", "en", "es"]) == "en"
    assert language_of("Arten in Gefahr", ["de", "es"]) == "de"


def test_evidence_points_at_the_original_text() -> None:
    tagger = Tagger.trained(statements())
    assert found_texts(tagger, "  \n“Wetlands” – and, again, WETLANDS.", "wetlands", "en") == ["Wetlands", "WETLANDS"]
    assert found_texts(tagger, "关于湿地的报告", "wetlands", "zh") == ["湿地"]


def test_arabic_is_found_with_vowel_signs_other_alefs_and_prefixes() -> None:
    tagger = Tagger.trained(statements())
    text = "حماية الاراضي الرَّطْبَة والغابات"
    assert found_texts(tagger, text, "wetlands", "ar") == ["الاراضي الرَّطْبَة"]
    assert found_texts(tagger, text, "forests", "ar") == ["والغابات"]


def test_a_soft_hyphen_inside_a_word_does_not_hide_it() -> None:
    assert found_texts(Tagger.trained(statements()), "our wet\u00adlands", "wetlands", "en") == ["wet\u00adlands"]


def test_labels_are_found_as_whole_words_only() -> None:
    (one,) = [s for s in Tagger.trained(statements()).suggestions("refinanced deforests", "en") if s.evidence] or [None]
    assert one is None


def test_capitals_are_not_found_in_small_letters() -> None:
    tagger = Tagger.trained(statements())
    assert found_texts(tagger, "AIDS and its treatment", "aids", "en") == ["AIDS"]
    assert not any(one.evidence for one in tagger.suggestions("hearing aids", "en"))


def test_the_words_of_a_label_may_stand_apart() -> None:
    assert "mangroves" in named(Tagger.trained(statements()), "The forests of mangrove trees", "en")


def test_notes_bring_a_concept_without_a_label_in_the_text() -> None:
    one = Tagger.trained(statements()).suggestions("Trees in salty coastal water", "en")[0]
    assert (one.concept, one.evidence) == (BASE + "mangroves", [])


def test_deprecated_concepts_and_other_schemes_are_never_suggested() -> None:
    tagger = Tagger.trained(statements(), lessons(40))
    text = "Finance for swamps, bogs, nature and wetlands"
    assert not {"swamps", "old", "nature"} & set(named(tagger, text, "en", 100))
    inside = {one.concept for one in tagger.suggestions(text, "en", 100, [BASE + "nature"])}
    assert BASE + "wetlands" in inside
    assert BASE + "finance" not in inside
    assert tagger.suggestions(text, "en", 100, []) == []


def test_a_replaced_concept_in_a_corpus_counts_as_its_successor() -> None:
    concepts = Concepts.of(statements())
    tagged = [Tagged("1", "peat", "en", frozenset({BASE + "swamps"}))]
    (example,) = examples_of(concepts, tagged, [Lexicons(concepts).analysis("peat", "en")])
    assert [concepts.all[place].iri for place in example.given] == [BASE + "wetlands"]


def test_below_twenty_texts_the_tagger_says_that_it_is_not_trained() -> None:
    few, enough = Tagger.trained(statements(), lessons(19)), Tagger.trained(statements(), lessons(20))
    assert (few.is_trained, enough.is_trained) == (False, True)
    assert few.standing.startswith("not trained: 19 tagged texts")
    assert enough.standing == "trained on 20 tagged texts"


def test_examples_teach_what_labels_do_not_say() -> None:
    text = "Donors pledged a budget"
    assert "finance" not in named(Tagger.trained(statements()), text, "en")
    assert named(Tagger.trained(statements(), lessons(30)), text, "en")[0] == "finance"


def test_what_was_learned_in_english_helps_in_french() -> None:
    taught = [replace(one, concepts=frozenset({BASE + "finance"})) for one in lessons(40)[20:]]
    others = [replace(one, text=one.text.replace("wetlands", "forests")) for one in lessons(40)[20:]]
    tagger = Tagger.trained(statements(), [*taught, *others])
    assert "finance" in named(tagger, "Les zones humides du fleuve", "fr")


def test_rejected_suggestions_make_a_concept_less_likely() -> None:
    kept = [Tagged(f"k{n}", f"Forests of pine {n}", "en", frozenset({BASE + "forests"})) for n in range(5)]
    undecided = [Tagged(f"r{n}", f"Forests beside road {n}", "en", frozenset(), is_complete=False) for n in range(15)]
    rejected = [replace(one, rejected=frozenset({BASE + "forests"})) for one in undecided]

    def likely(decisions: list[Tagged]) -> float:
        tagger = Tagger.trained(statements(), [*lessons(30), *kept, *decisions])
        found = tagger.suggestions("Forests beside the road", "en")
        return next(one.score for one in found if one.concept == BASE + "forests")

    assert likely(rejected) < 0.5 < likely(undecided)


def test_what_is_not_decided_on_is_no_counterexample() -> None:
    concepts = Concepts.of(statements())
    lexicons = Lexicons(concepts)
    one = Tagged("1", "wetlands and forests", "en", frozenset({BASE + "wetlands"}), is_complete=False)
    corpus_ = [replace(one, id=str(n), text=f"{one.text} {n}") for n in range(25)]
    analyses = [lexicons.analysis(tagged.text, "en") for tagged in corpus_]
    experience = Experience.of(analyses, examples_of(concepts, corpus_, analyses))
    assert not experience.ranker.is_trained  # only accepted ones: nothing to tell them from


def test_a_text_is_not_its_own_neighbour_in_any_language() -> None:
    concepts = Concepts.of(statements())
    lexicons = Lexicons(concepts)
    pair = [
        Tagged("x", "Donors pledged a budget", "en", frozenset({BASE + "finance"})),
        Tagged("x", "Les donateurs ont promis un budget", "fr", frozenset({BASE + "finance"})),
        Tagged("y", "donors PLEDGED a budget", "en", frozenset({BASE + "finance"})),
        Tagged("z", "wetlands", "en", frozenset({BASE + "wetlands"})),
    ]
    analyses = [lexicons.analysis(one.text, one.language) for one in pair]
    neighbours = Neighbours(examples_of(concepts, pair, analyses))
    finance = [concept.iri for concept in concepts.all].index(BASE + "finance")
    assert finance in neighbours.evidence(analyses[0])[0]
    assert finance not in neighbours.evidence(analyses[0], pair[0].sources())[0]


def test_equal_texts_come_into_one_part() -> None:
    pair = [Tagged("a", "one text", "en", frozenset()), Tagged("b", "two", "en", frozenset())]
    same = [Tagged("c", "ONE  text", "en", frozenset()), Tagged("b", "deux", "fr", frozenset())]
    bridge = [Tagged("a", "two", "en", frozenset())]
    for seed in range(5):
        part = _drawn([*pair, *same], 2, seed)
        assert part[0] == part[2]
        assert part[1] == part[3]
        assert len(set(_drawn([*pair, *same, *bridge], 2, seed))) == 1


def test_a_tested_text_is_not_learned_from_under_another_name() -> None:
    one = Tagged("a", "gibberish zzz", "en", frozenset({BASE + "aids"}))
    given = [one, replace(one, id="b"), *lessons(30)]
    parts = {tagged.id: "0" for tagged in given} | {"b": "1"}
    evaluation = cross_validation(Lexicons(Concepts.of(statements())), given, parts)
    assert evaluation.texts == 32
    alone = cross_validation(Lexicons(Concepts.of(statements())), given[:2], {"a": "0", "b": "1"})
    assert alone.scores.f1_at_5 == 0


def test_a_tagger_read_from_its_file_suggests_the_same(tmp_path: Path) -> None:
    tagger = Tagger.trained(statements(), lessons(30))
    tagger.save(tmp_path / "tagger")
    again = Tagger.load(tmp_path / "tagger")
    assert (again.version, again.standing) == (tagger.version, tagger.standing)
    for language, text in PARALLEL.items():
        assert again.suggestions(text, language) == tagger.suggestions(text, language)
    again.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "tagger").read_bytes()


def test_the_same_input_gives_the_same_version_and_another_one_another() -> None:
    first, second = (Tagger.trained(order, lessons(30)).version for order in (statements(), statements()[::-1]))
    assert first == second
    assert Tagger.trained(statements(), lessons(31)).version != first


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04\x95cposix\nsystem\n",
        gzip.compress(b"[]", mtime=0),
        gzip.compress(b'{"format": "another"}', mtime=0),
        gzip.compress(b"[" * 100_000, mtime=0),
        gzip.compress(b'{"format": "clearinghouse tagger 1"}', mtime=0)[:-6],
    ],
)
def test_a_file_that_is_no_tagger_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(TaggingError, match="bad: "):
        Tagger.load(tmp_path / "bad")


def test_a_saved_tagger_with_a_place_outside_the_thesaurus_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tagger"
    Tagger.trained(statements(), lessons(3)).save(path)
    document = json.loads(gzip.decompress(path.read_bytes()))
    document["examples"][0][4] = [10_000]
    path.write_bytes(gzip.compress(json.dumps(document).encode()))
    with pytest.raises(TaggingError, match="10000"):
        Tagger.load(path)


@pytest.mark.parametrize("text", ["", " \n\t", "...", "\x00\x01\ufffe", "\ud800\udfff", "🦋" * 10, "ـ", "\u0301"])
def test_a_text_without_words_has_no_suggestions(text: str) -> None:
    assert Tagger.trained(statements(), lessons(30)).suggestions(text) == []


def test_a_megabyte_is_tagged_and_a_long_word_does_no_harm() -> None:
    tagger = Tagger.trained(statements())
    assert named(tagger, "x" * 500_000 + " wetlands " * 50_000, "en")[0] == "wetlands"
    assert len(tagger.suggestions("wetlands " * 100_000, "en")[0].evidence) == 10


def test_a_thesaurus_without_concepts_or_languages_is_no_error() -> None:
    assert Tagger.trained([]).suggestions("wetlands") == []
    plain = '<https://e.org/1> <http://www.w3.org/2004/02/skos/core#prefLabel> "wetlands" .'
    tagger = Tagger.trained([quad.triple for quad in ox.parse(plain, format=ox.RdfFormat.TURTLE)])
    assert [one.concept for one in tagger.suggestions("Wetland", "fr")] + [
        one.concept for one in tagger.suggestions("Wetlands")
    ] == ["https://e.org/1"] * 2


def test_labels_of_skos_xl_are_read() -> None:
    turtle = """@prefix xl: <http://www.w3.org/2008/05/skos-xl#> .
    <https://e.org/1> a <http://www.w3.org/2004/02/skos/core#Concept> ; xl:prefLabel <https://e.org/l> .
    <https://e.org/l> xl:literalForm "peat bogs"@en ."""
    tagger = Tagger.trained([quad.triple for quad in ox.parse(turtle, format=ox.RdfFormat.TURTLE)])
    assert tagger.label(tagger.suggestions("a peat bog", "en")[0].concept) == "peat bogs"


def test_chinese_words_are_pairs_of_characters() -> None:
    assert units(tokens("保护湿地 GBF 水", "zh").stems) == ["保护", "护湿", "湿地", "gbf", "水"]


def test_scores_are_those_worked_out_by_hand() -> None:
    got = scores(["a", "x", "b", "y", "z", "c"], frozenset("abc"))
    assert got.precision_at_5 == pytest.approx(2 / 5)
    assert got.recall_at_5 == pytest.approx(2 / 3)
    assert got.f1_at_5 == pytest.approx(0.5)
    ideal = 1 + 0.6309298 + 0.5
    assert got.ndcg_at_5 == pytest.approx((1 + 0.5) / ideal)
    assert got.ndcg_at_10 == pytest.approx((1 + 0.5 + 0.3562072) / ideal)
    assert scores([], frozenset("a")).f1_at_5 == 0


def test_consistency_is_the_share_of_five(tmp_path: Path) -> None:
    path = tmp_path / "parallel.jsonl"
    lines = [json.dumps({"id": "1", **PARALLEL}), json.dumps({"id": "2", "en": "finance", "fr": "forêts"})]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = consistency(Tagger.trained(statements()), parallel_texts(path))
    assert found["en", "zh"] == (1, 1.0)
    assert found["en", "fr"] == (2, 0.5)  # of the second text nothing is the same


def test_the_forms_of_a_corpus_give_the_same_texts(tmp_path: Path) -> None:
    concepts = Concepts.of(statements())
    (tmp_path / "c.jsonl").write_text(
        '{"id": "d", "text": "some text", "concepts": ["W1", "Forests", "nothing of the kind"]}\n', encoding="utf-8"
    )
    (tmp_path / "c.tsv").write_text(f"some text\t<{BASE}wetlands> <{BASE}forests>\n", encoding="utf-8")
    for name, ending, content in (
        ("iris", "tsv", f"<{BASE}wetlands>\twetlands\n{BASE}forests\tforests\n"),
        ("labels", "key", "marshes\nFORÊTS\n"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "d.txt").write_text("some text", encoding="utf-8")
        (tmp_path / name / f"d.{ending}").write_text(content, encoding="utf-8")
    read = {name: corpus(tmp_path / name, concepts, "en") for name in ("c.jsonl", "c.tsv", "iris", "labels")}
    wanted = ("some text", "en", frozenset({BASE + "wetlands", BASE + "forests"}))
    assert {(one.text, one.language, one.concepts) for found in read.values() for one in found.texts} == {wanted}
    assert [read[name].unknown for name in read] == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("c.jsonl", b"{", "c.jsonl:1: expected one JSON object"),
        ("c.jsonl", b"[1]", "c.jsonl:1: expected a JSON object, found list"),
        ("c.jsonl", b'{"text": "x"}', "c.jsonl:1: expected `text` and a list"),
        ("c.jsonl", b"\xff\xfe", "expected UTF-8, found byte 0xff at 0"),
        ("c.jsonl", b"", "no tagged texts"),
        ("c.tsv", b"no tab", "c.tsv:1: expected a text, a tab"),
    ],
)
def test_a_broken_corpus_is_refused_with_its_line(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TaggingError, match=told.replace("`", ".")):
        corpus(tmp_path / name, Concepts.of(statements()))


def test_folds_must_name_every_text(tmp_path: Path) -> None:
    (tmp_path / "folds.tsv").write_text("m0\t0\nm1\t1\n", encoding="utf-8")
    with pytest.raises(TaggingError, match="no fold for 28 texts"):
        cross_validation(Lexicons(Concepts.of(statements())), lessons(30), folds(tmp_path / "folds.tsv"))


def test_the_commands_train_suggest_and_measure(tmp_path: Path) -> None:
    paths = {name: str(tmp_path / name) for name in ("v.ttl", "c.jsonl", "tagger", "p.jsonl")}
    Path(paths["v.ttl"]).write_text(TURTLE, encoding="utf-8")
    Path(paths["p.jsonl"]).write_text(json.dumps(PARALLEL), encoding="utf-8")
    rows = [{"id": one.id, "text": one.text, "language": "en", "concepts": [*one.concepts]} for one in lessons(40)]
    Path(paths["c.jsonl"]).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    given = ["--thesaurus", paths["v.ttl"], "--corpus", paths["c.jsonl"]]

    def run(*arguments: str, text: str = "") -> str:
        result = CliRunner().invoke(app, arguments, input=text, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    run("train", *given, "--out", paths["tagger"])
    told = json.loads(run("text", "-", "--model", paths["tagger"], "--format", "json", text="The wetlands of Ramsar"))
    assert told["trained"]
    assert told["suggestions"][0]["evidence"] == [{"start": 4, "end": 12, "label": "wetlands"}]
    lines = run("text", "-", "--thesaurus", paths["v.ttl"], "--format", "tsv", text=PARALLEL["zh"]).splitlines()
    assert lines[0].split("\t")[0].startswith(BASE)
    assert "wetlands" in run("text", "-", "--thesaurus", paths["v.ttl"], text="wetlands")
    measured = json.loads(run("evaluate", *given, "--folds", "4", "--json"))
    assert (measured["texts"], measured["folds"]) == (40, 4)
    assert measured["scores"]["ndcg_at_5"] > 0.9  # half of them need what the examples teach
    assert run("evaluate", *given, "--folds", "4", "--seed", "1") == run(
        "evaluate", *given, "--folds", "4", "--seed", "1"
    )
    assert "nDCG@10" in run("evaluate", *given)
    table = run("consistency", "--thesaurus", paths["v.ttl"], "--corpus", paths["p.jsonl"])
    assert table.count("1.000") == 5
    with pytest.raises(TaggingError, match="--model has its own"):
        run("text", "-", "--model", paths["tagger"], "--thesaurus", paths["v.ttl"], text="x")
