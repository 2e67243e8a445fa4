"""How the code is put together: who may import whom, what a module says of itself and does when it is imported."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ontology", "thesaurus", "shapes", "loaders", "endpoint")
"""Each imports only what stands before it."""
OUTSIDE = {"socket", "ssl", "http", "urllib.request", "urllib3", "httpx", "requests", "aiohttp", "ftplib", "smtplib"}
"""Modules that reach the network."""
SIDE_EFFECTS = {
    *("open", "print", "input", "exec", "eval", "connect", "urlopen", "getenv", "mkdir", "write_text", "write_bytes"),
    *("read_text", "read_bytes", "unlink", "run", "Popen", "system", "Store", "read_only", "parse"),
}
"""Calls that do something, which no module does when it is imported."""


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def module_parameters(*packages: str) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in modules(*packages)]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """The full names of the modules that a module imports, anywhere in it."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield from (".".join((*base, *filter(None, [node.module]), name.name)) for name in node.names)


def at_import(path: Path) -> Iterator[ast.expr | ast.stmt]:
    """What runs when a module is imported: all but the bodies of functions."""
    waiting: list[ast.AST] = list(tree(path).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*node.decorator_list, *node.args.defaults]
        elif isinstance(node, ast.Lambda) or (isinstance(node, ast.If) and names_the_main_module(node.test)):
            continue
        else:
            yield node  # type: ignore[misc]
            waiting += ast.iter_child_nodes(node)


def names_the_main_module(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def test_all_packages_are_here_and_no_other() -> None:
    assert len(modules(*PACKAGES)) > 50
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == set(PACKAGES)


@pytest.mark.parametrize("path", module_parameters(*PACKAGES))
def test_a_package_imports_only_what_stands_before_it(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    allowed = PACKAGES[: PACKAGES.index(own) + 1]
    found = {name.partition(".")[0] for name in imported(path)}
    assert found & set(PACKAGES) <= set(allowed)
    assert "tests" not in found
    assert "benchmarks" not in found


def test_the_order_of_the_packages_is_needed() -> None:
    """Every package is imported by one that stands after it: the check above looks at real imports."""
    for place, package in enumerate(PACKAGES[:-1]):
        assert any(
            name.partition(".")[0] == package for path in modules(*PACKAGES[place + 1 :]) for name in imported(path)
        )


@pytest.mark.parametrize("path", module_parameters(*PACKAGES, "tests", "benchmarks"))
def test_a_module_opens_with_what_it_is_for(path: Path) -> None:
    said = ast.get_docstring(tree(path))
    assert said
    assert said.splitlines()[0].strip()


@pytest.mark.parametrize("path", module_parameters("ontology", "thesaurus", "shapes", "loaders"))
def test_what_makes_the_graph_never_reaches_the_network(path: Path) -> None:
    names = {part for name in imported(path) for part in (name, name.rpartition(".")[0])}
    assert names & OUTSIDE == set()


@pytest.mark.parametrize("path", module_parameters(*PACKAGES))
def test_importing_a_module_does_nothing(path: Path) -> None:
    for node in at_import(path):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert called not in SIDE_EFFECTS, f"line {node.lineno}: {called}()"
        if isinstance(node, ast.Attribute):
            assert node.attr != "environ", f"line {node.lineno}: the environment"
        assert not isinstance(node, ast.With | ast.While), f"line {node.lineno}"


@pytest.mark.parametrize("path", module_parameters(*PACKAGES))
def test_the_environment_is_read_in_the_settings_only(path: Path) -> None:
    if path == ROOT / "endpoint" / "settings.py":
        return
    reads = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert not reads, f"lines {reads}"


@pytest.mark.parametrize("path", module_parameters(*PACKAGES))
def test_no_error_is_caught_blindly(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            names = {one.id for one in caught if isinstance(one, ast.Name)}
            assert node.type is not None, f"line {node.lineno}"
            assert "Exception" not in names, f"line {node.lineno}"
            if "BaseException" in names:
                assert any(isinstance(inner, ast.Raise) for inner in ast.walk(node)), f"line {node.lineno}"
