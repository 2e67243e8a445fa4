"""The examples of deployment say what the application is, and the tools that read them accept them."""

import configparser
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from endpoint.settings import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
STEP = re.compile(r"(FROM|WORKDIR|COPY|RUN|ENV|USER|VOLUME|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT|CMD) ")


def _steps() -> list[str]:
    """The instructions of the Containerfile, each in one line."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), flags=re.M)
    return [line.strip() for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]


def _project() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def _pinned() -> set[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    return {_canonical(line.partition("==")[0]) for line in lines}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_step_of_the_container_file_is_an_instruction() -> None:
    assert all(STEP.match(step) for step in _steps())
    stages = [step for step in _steps() if step.startswith("FROM ")]
    assert len(stages) == 2
    assert all(stage.startswith("FROM python:3.11-") for stage in stages)


def test_the_container_has_every_package_and_what_its_build_reads() -> None:
    copied = {
        name for step in _steps() if step.startswith("COPY ") and "--from" not in step for name in step.split()[1:-1]
    }
    project = _project()
    build = project["tool"]["hatch"]["build"]  # type: ignore[index]
    hook = build["hooks"]["custom"]["path"].partition("/")[0]
    packages = build["targets"]["wheel"]["packages"]
    assert copied == {*packages, hook, "pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    assert all((ROOT / name).exists() for name in copied)


def test_the_container_installs_pinned_versions_of_every_dependency() -> None:
    [install] = [step for step in _steps() if "pip install" in step]
    assert "--constraint constraints.txt . " in install
    dependencies: list[str] = _project()["project"]["dependencies"]  # type: ignore[index, assignment]
    names = {_canonical(re.split(r"[><=\[ ]", dependency)[0]) for dependency in dependencies}
    assert names <= _pinned()


def test_the_container_runs_without_rights_and_is_asked_whether_it_lives() -> None:
    steps = _steps()
    last = steps[max(place for place, step in enumerate(steps) if step.startswith("FROM ")) :]
    assert "USER 10001:10001" in last
    assert "VOLUME /data" in last
    assert any(step.startswith("HEALTHCHECK ") and "/livez" in step for step in last)
    assert last[-2:] == ['ENTRYPOINT ["clearinghouse"]', 'CMD ["serve"]']
    assert not any("pip" in step for step in last)


def test_the_containers_environment_names_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    [environment] = [step.removeprefix("ENV ") for step in _steps() if step.startswith("ENV ")]
    given = dict(pair.split("=", 1) for pair in environment.split())
    monkeypatch.delenv("CLEARINGHOUSE_DATA_DIR", raising=False)
    for name in ("DATA_DIR", "CLEARINGHOUSE_HOST"):
        monkeypatch.setenv(name, given[name])
    settings = Settings()
    assert (settings.data_dir, settings.host) == (Path("/data"), "0.0.0.0")  # noqa: S104


def _unit() -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string((DEPLOY / "clearinghouse.service").read_text(encoding="utf-8"))
    return {key: value for section in parser.sections() for key, value in parser[section].items()}


def test_the_service_may_unshare_the_network_and_nothing_else() -> None:
    unit = _unit()
    assert set(unit["RestrictNamespaces"].split()) == {"user", "net"}
    assert unit["SystemCallFilter"] == "@system-service"
    assert (unit["NoNewPrivileges"], unit["ProtectSystem"], unit["DynamicUser"]) == ("yes", "strict", "yes")
    assert unit["ExecStart"].endswith("/clearinghouse serve")
    assert unit["Environment"] == f"DATA_DIR=/var/lib/{unit['StateDirectory']}"


def test_systemd_accepts_the_service(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    text = (DEPLOY / "clearinghouse.service").read_text(encoding="utf-8")
    here = tmp_path / "clearinghouse.service"
    here.write_text(text.replace("/opt/clearinghouse/bin/clearinghouse", "/bin/true"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(here)], capture_output=True, timeout=60)
    said = [line for line in done.stderr.decode().splitlines() if here.name in line]
    assert said == []


def test_systemd_calls_the_service_well_hardened() -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", str(DEPLOY / "clearinghouse.service")],
        capture_output=True, timeout=60,
    )  # fmt: skip
    if b"unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot look at a file")
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-600:]


def _nginx() -> str:
    return re.sub(r"(?m)#.*$", "", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"))


def test_the_proxy_streams_answers_and_logs_no_query_string() -> None:
    text = _nginx()
    for directive in ("proxy_buffering off;", "client_header_timeout 10s;", "send_timeout 30s;", "ssl_certificate "):
        assert directive in text
    assert "$request_uri" not in text.partition("server {")[0]
    assert text.count("server {") == text.count("access_log ")  # the default one tells query strings
    assert "$args" not in text and "$http_authorization" not in text
    assert text.count("{") == text.count("}")


def test_the_proxy_takes_as_large_a_query_as_the_server() -> None:
    [size] = re.findall(r"client_max_body_size (\d+)k;", _nginx())
    assert int(size) * 1024 >= 3 * Settings().max_query_bytes


def test_nginx_accepts_the_proxy(tmp_path: Path) -> None:
    if not (nginx := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")):
        pytest.skip("nginx is not installed")
    if not (openssl := shutil.which("openssl")):
        pytest.skip("openssl, which makes the certificate that nginx reads, is not installed")
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=graph.example.org"]
    subprocess.run([openssl, *made, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60)
    site = (DEPLOY / "nginx.conf").read_text(encoding="utf-8").replace("/etc/ssl/graph.example.org", str(tmp_path))
    site = site.replace("/var/log/nginx", str(tmp_path))
    # As somebody without rights: sockets in the folder instead of ports.
    site = re.sub(r"listen (\S*:)?(\d+)", lambda found: f"listen unix:{tmp_path}/{len(found[0])}{found[2]}", site)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid; events {{}} http {{ {folders} {site} }}", encoding="utf-8")
    done = subprocess.run([nginx, "-t", "-e", f"{tmp_path}/error", "-c", whole], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
