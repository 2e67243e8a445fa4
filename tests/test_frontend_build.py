"""The front end: when it is built, from what, and that nothing of others' code or of one machine is in the tree."""

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
FRONTEND = ROOT / "frontend"
LOCK = json.loads((FRONTEND / "package-lock.json").read_text())


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    specification = importlib.util.spec_from_file_location("hatch_build", FRONTEND / "hatch_build.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def frontend(tmp_path: Path, hook: ModuleType) -> Path:
    """A copy of all that decides what is built."""
    for pattern in hook.SOURCES:
        for path in FRONTEND.glob(pattern):
            if path.is_file():
                copy = tmp_path / "frontend" / path.relative_to(FRONTEND)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)
    return tmp_path / "frontend"


@pytest.fixture
def steps(hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs that a build runs, which here write one file instead."""
    run: list[str] = []

    def instead(folder: Path, program: str, *arguments: str) -> None:
        run.append(program)
        if program == "node":
            built = Path(arguments[-1])
            built.mkdir(parents=True, exist_ok=True)
            (built / "page.js").write_text("built")

    monkeypatch.setattr(hook, "_run", instead)
    return run


def test_what_is_built_already_is_not_built_again(
    hook: ModuleType, frontend: Path, tmp_path: Path, steps: list[str]
) -> None:
    built = tmp_path / "built"
    assert hook.build(frontend, built)
    assert not hook.build(frontend, built)
    assert steps == ["npm", "node"]


@pytest.mark.parametrize("source", ["package-lock.json", "build.mjs", "atlas.mjs", "src/workbench.js", "src/new.js"])
def test_a_changed_or_new_source_is_built(
    hook: ModuleType, frontend: Path, tmp_path: Path, steps: list[str], source: str
) -> None:
    hook.build(frontend, tmp_path / "built")
    with (frontend / source).open("a") as file:
        file.write("\n")
    assert hook.build(frontend, tmp_path / "built")
    assert steps == ["npm", "node"] * 2


def test_what_is_no_source_changes_nothing(hook: ModuleType, frontend: Path) -> None:
    before = hook.digest(frontend)
    (frontend / "node_modules").mkdir()
    (frontend / "node_modules" / "left.js").write_text("over")
    assert hook.digest(frontend) == before


def test_a_build_that_fails_says_why_and_is_tried_again(
    hook: ModuleType, frontend: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (frontend / "src" / "workbench.js").write_text("let = ;")
    monkeypatch.setattr(hook, "digest", lambda folder: "the same")
    real = hook._run
    shutil.rmtree(tmp_path / "built", ignore_errors=True)
    (frontend / "node_modules").symlink_to(FRONTEND / "node_modules")
    monkeypatch.setattr(hook, "_run", lambda folder, program, *rest: program == "node" and real(folder, program, *rest))
    for _ in range(2):
        with pytest.raises(SystemExit, match=r"node build\.mjs(?s:.*)workbench\.js"):
            hook.build(frontend, tmp_path / "built")


def test_the_lock_names_no_host_and_every_digest() -> None:
    packages = {name: entry for name, entry in LOCK["packages"].items() if name}
    assert len(packages) > 30
    for name, entry in packages.items():
        assert "resolved" not in entry, name
        assert entry["integrity"].startswith("sha512-"), name
        hosts = re.findall(r"https?://", json.dumps({key: value for key, value in entry.items() if key != "funding"}))
        assert not hosts, name


def test_versions_are_exact_and_no_package_runs_a_script_of_its_own() -> None:
    package = json.loads((FRONTEND / "package.json").read_text())
    versions = [*package["dependencies"].values(), *package["devDependencies"].values()]
    assert package["private"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)
    assert "ignore-scripts=true" in (FRONTEND / ".npmrc").read_text().splitlines()


def test_nothing_that_is_built_or_of_others_is_in_the_repository() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "frontend", "endpoint/static"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode != 0:
        pytest.skip("not in a git repository")
    files = listed.stdout.splitlines()
    assert "frontend/package-lock.json" in files
    assert not [name for name in files if "node_modules" in name or "static/built" in name or ".min." in name]


def test_the_licences_go_along_with_what_is_built(hook: ModuleType) -> None:
    text = (hook.BUILT / "LICENCES.txt").read_text()
    assert re.search(r"^world-atlas 2\.\d+\.\d+ \(ISC\)$", text, re.M)
    for part in text.split("-" * 78):
        assert re.search(r"Permission (is hereby granted|to use)|Redistribution and use", part), part[:80]


def test_the_built_files_are_those_of_the_present_sources(hook: ModuleType) -> None:
    assert (hook.BUILT / hook.MARK).read_text() == hook.digest(FRONTEND), "run: python frontend/hatch_build.py"
    outlines = (hook.BUILT / "countries-110m.json").read_text()
    assert '"Kenya"' in outlines
    assert "Somaliland" not in outlines, "atlas.mjs has redrawn them"
