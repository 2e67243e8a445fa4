"""The wheel, installed where nothing else is: every data file is in it, and it does its work without the repository."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from conftest import written

ROOT = Path(__file__).parent.parent
DATA = (
    "loaders/private.toml",
    "loaders/contexts/absPermit.jsonld",
    "loaders/contexts/common.jsonld",
    "loaders/generator/texts.toml",
    "loaders/generator/countries.csv",
    "loaders/generator/questions.csv",
    "loaders/sample/synthetic/absPermit.json",
    "loaders/sample/facts/resource.json",
    "endpoint/queries/records-by-kind-and-clearing-house.rq",
    "endpoint/static/built/workbench.js",
    "endpoint/static/built/countries-110m.json",
    "endpoint/static/built/LICENCES.txt",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        timeout=300,
    )
    assert built.returncode == 0, built.stderr.decode()
    [path] = folder.glob("*.whl")
    return path


def _packages() -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return list(tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = {
        str(path.relative_to(ROOT))
        for package in _packages()
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == files
    assert set(DATA) <= names
    assert not any(name.startswith(("tests/", "benchmarks/", "data/")) for name in names)


def test_the_wheel_names_its_licence_and_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if "dist-info" in name]
        told = {name.rpartition("/")[2]: archive.read(name).decode() for name in names}
    assert "clearinghouse = endpoint.cli:main" in told["entry_points.txt"]
    assert "License-Expression: Apache-2.0" in told["METADATA"]
    assert "LICENSE" in told


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with the wheel and what it depends on, nothing else."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--constraint", str(ROOT / "constraints.txt"), str(wheel)], capture_output=True, timeout=400
    )
    if done.returncode != 0:
        pytest.skip(f"the dependencies cannot be installed here: {done.stderr.decode().strip().splitlines()[-1]}")
    return folder / "bin"


def test_the_installed_command_does_its_work(installed: Path, tmp_path: Path) -> None:
    variables = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path)}

    def run(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
        command = [str(installed / "clearinghouse"), *arguments]
        done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return done

    assert run("--version").stdout.startswith(b"clearinghouse 0.")
    assert b"--format" in run("validate", "--help").stdout
    assert b" accepted" in run("load", "--sample", "--strict").stderr
    assert b"certificate of compliance" in run("query", "records-by-kind-and-clearing-house", "--format", "csv").stdout
    made = run("generate", "--records", "20").stdout.decode().splitlines()
    assert b"20 " in run("validate", written(tmp_path / "made.ndjson", made)).stderr
    assert b"statements" in run("export", "all.nq").stdout
