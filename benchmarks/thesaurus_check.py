"""How long the checks of a thesaurus take: each by itself, all together, and as a multiple of parsing alone.

    python benchmarks/thesaurus_check.py --concepts 40000 [FILE]

Without a file a thesaurus is made: labels in six languages, a hierarchy stated both ways, related concepts, notations,
definitions and mappings. The last line is the command as people type it, from start to end, in a process of its own.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

from thesaurus import checks

WORDS = {
    "ar": "ماء تربة غابة أنواع مورد منفعة بحري ساحلي نبات حيوان",
    "en": "water soil forest species resource benefit marine coastal plant animal",
    "es": "agua suelo bosque especies recurso beneficio marino costero planta animal",
    "fr": "eau sol forêt espèces ressource avantage marin côtier plante animal",
    "ru": "вода почва лес виды ресурс выгода морской прибрежный растение животное",
    "zh": "水 土壤 森林 物种 资源 惠益 海洋 沿海 植物 动物",
}
HEAD = """@prefix : <https://example.org/concept/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

<https://example.org/scheme> a skos:ConceptScheme ; dcterms:title "Made up"@en ; skos:hasTopConcept :0 .
"""
BRANCHES = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--concepts", type=int, default=40_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.file or Path(folder) / "made.ttl"
        if given.file is None:
            path.write_text(HEAD + "".join(concepts(given.concepts)), encoding="utf-8")
        measure(path)


def concepts(number: int) -> Iterator[str]:
    """Turtle of made-up concepts."""
    chance = random.Random(1)  # noqa: S311 - a benchmark
    related = {one: chance.randrange(number) for one in range(number) if chance.random() < 0.3}
    back: dict[int, list[int]] = {}
    for one, other in related.items():
        back.setdefault(other, []).append(one)
    words = {language: text.split() for language, text in WORDS.items()}
    for one in range(number):
        labels = [f'"{label(words[tag], tag, one, chance)}"@{tag}' for tag in WORDS]
        others = [f'"{label(words[tag], tag, one, chance)} {one}"@{tag}' for tag in ("en", "fr")]
        lines = [f"skos:prefLabel {', '.join(labels)}", f"skos:altLabel {', '.join(others)}", f'skos:notation "{one}"']
        lines += [f"skos:broader :{(one - 1) // BRANCHES}"] if one else []
        below = range(BRANCHES * one + 1, min(BRANCHES * (one + 1) + 1, number))
        lines += [f"skos:narrower :{other}" for other in below]
        lines += [f"skos:related :{other}" for other in {*back.get(one, ()), related.get(one, one)} - {one}]
        lines += [f"skos:exactMatch <https://example.com/{one}>"] if one % 3 == 0 else []
        lines += [f'skos:definition "What is meant by {one}."@en', "skos:inScheme <https://example.org/scheme>"]
        yield f"\n:{one} a skos:Concept ;\n    " + " ;\n    ".join(lines) + " .\n"


def label(words: list[str], language: str, number: int, chance: random.Random) -> str:
    return ("" if language == "zh" else " ").join([*chance.choices(words, k=3), str(number)])


def measure(path: Path) -> None:
    began = time.perf_counter()
    statements = sum(1 for _ in ox.parse(path=str(path)))
    parsing = time.perf_counter() - began
    print(f"{statements:,} statements, {path.stat().st_size / 1e6:.1f} MB; parsing alone {parsing:.2f} s")

    began = time.perf_counter()
    store = ox.Store()
    store.bulk_load(path=str(path), lenient=True)
    loading = time.perf_counter() - began
    times: dict[str, float] = {}
    found = checks.checked(store, told=lambda check, seconds: times.update({check.id: seconds}))
    total = time.perf_counter() - began
    for name, seconds in sorted(times.items(), key=lambda one: -one[1]):
        print(f"  {name:32} {seconds:7.3f} s")
    print(f"{len(times)} checks, {len(found):,} findings: {total:.2f} s with {loading:.2f} s of loading")
    print(f"{total / parsing:.1f} times as long as parsing alone")

    began = time.perf_counter()
    command = [sys.executable, "-c", "from endpoint.cli import main; main()", "thesaurus", "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"the whole command: {time.perf_counter() - began:.2f} s, exit code {done.returncode}")
    print(done.stdout.rstrip().rpartition("\n")[2], done.stderr.rstrip()[-300:])


if __name__ == "__main__":
    main()
