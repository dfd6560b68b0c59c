"""Units, image and compose file: what can be checked without a service manager and a container engine."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
import yaml

from daq.config import load_config
from dumpwatch import build_app
from tests.deploy.programs import DEPLOY, ROOT, find

UNITS = DEPLOY / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
COMPOSE = DEPLOY / "container" / "compose.yml"
NEEDS_NUMBA = {"source", "worker", "collector", "monitor"}


def instance(unit: str) -> str:
    return unit.replace("@.", "@1.")


def analyze(*arguments: str, units: Path) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ, SYSTEMD_UNIT_PATH=f"{units}:", SYSTEMD_COLORS="0", LC_ALL="C.UTF-8")
    command = [find("systemd-analyze"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units with programs that exist here."""
    folder = tmp_path_factory.mktemp("units")
    (folder / "dumpwatch-.service.d").mkdir()
    for path in (
        *UNITS.glob("dumpwatch*.service"),
        *UNITS.glob("*.timer"),
        *UNITS.glob("*.target"),
        *UNITS.glob("*.d/*"),
    ):
        text = re.sub(r"/opt/dumpwatch/\.venv/bin/dumpwatch|/etc/dumpwatch/tell", "/bin/true", path.read_text())
        (folder / path.relative_to(UNITS)).write_text(text.replace("file:///opt", "https://example.org"))
    return folder


@pytest.mark.parametrize("unit", [*SERVICES, "dumpwatch-ledger-age.timer", "dumpwatch.target"])
def test_systemd_takes_the_unit(installed: Path, unit: str) -> None:
    done = analyze("verify", "--man=no", str(installed / unit).replace("@.", "@1."), units=installed)
    ours = [line for line in done.stderr.splitlines() if "dumpwatch" in line]
    assert ours == [] and done.returncode == 0, done.stderr


@pytest.mark.parametrize("unit", SERVICES)
def test_the_unit_is_closed_in(unit: str) -> None:
    done = analyze("security", "--offline=true", "--threshold=15", instance(unit), units=UNITS)
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
    assert found and float(found[1]) <= 1.5, done.stdout[-300:] + done.stderr


@pytest.mark.parametrize("unit", SERVICES)
def test_the_command_of_the_unit_exists(unit: str) -> None:
    (line,) = re.findall(r"^ExecStart=(.*)$", (UNITS / unit).read_text(), re.MULTILINE)
    program, *words = shlex.split(line)
    if program == "/etc/dumpwatch/tell":
        assert (UNITS / "tell").stat().st_mode & 0o111
        return
    assert program == "/opt/dumpwatch/.venv/bin/dumpwatch"
    assert unknown(words) == []
    assert {name for word in words for name in re.findall(r"\$\{(\w+)\}", word)} <= environment()
    text = (UNITS / unit).read_text()
    # numba ends at once where memory may not become executable
    assert ("MemoryDenyWriteExecute=yes" in text) == (words[0] not in NEEDS_NUMBA)
    assert ("NUMBA_CACHE_DIR=" in text) == (words[0] in NEEDS_NUMBA)


def environment() -> set[str]:
    return set(re.findall(r"^(\w+)=", (UNITS / "dumpwatch.env").read_text(), re.MULTILINE))


def unknown(words: list[str]) -> list[str]:
    """Command and options that the program does not have."""
    command = typer.main.get_command(build_app()).commands.get(words[0])
    if command is None:
        return [words[0]]
    known = {name for parameter in command.params for name in parameter.opts}
    return [word for word in words[1:] if word.startswith("--") and word not in known]


def test_users_of_the_units_are_made() -> None:
    made = set(re.findall(r"^[ug] (\S+)", (UNITS / "dumpwatch.sysusers.conf").read_text(), re.MULTILINE))
    used = {
        name
        for unit in SERVICES
        for name in re.findall(r"^(?:User|Group)=(\S+)$", (UNITS / unit).read_text(), re.MULTILINE)
    }
    assert used == made  # a user makes its group


def test_the_four_roles_run_under_four_users() -> None:
    roles = ("source", "collector", "monitor", "deadman")
    users = [re.findall(r"^User=(\S+)$", (UNITS / f"dumpwatch-{r}.service").read_text(), re.MULTILINE) for r in roles]
    assert users == [[f"dumpwatch-{role}"] for role in roles]
    assert "DynamicUser=yes" in (UNITS / "dumpwatch-worker@.service").read_text()


def test_the_compose_file_names_what_exists() -> None:
    compose = yaml.safe_load(COMPOSE.read_text())
    for name, service in compose["services"].items():
        assert service["network_mode"] == "host" and service["read_only"] and service["cap_drop"] == ["ALL"], name
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            if source.startswith("./secrets"):
                continue
            exists = (COMPOSE.parent / source).exists() if source.startswith(".") else source in compose["volumes"]
            assert exists, f"{name}: {source}"
        if service["image"] == "dumpwatch":
            assert unknown(service["command"]) == []
        else:
            assert re.search(r":v?\d+\.\d+\.\d+$", service["image"]), "a version that does not move"
    flags = compose["services"]["prometheus"]["command"]
    assert "--rules.alert.resend-delay=5s" in flags and "--web.listen-address=127.0.0.1:9090" in flags
    assert not any("admin-api" in flag or "lifecycle" in flag for flag in flags)
    assert load_config(COMPOSE.parent / "dumpwatch.toml").monitor.token_file == "/run/secrets/page.token"


def test_the_image_is_made_as_the_makefile_makes_the_environment() -> None:
    image = (DEPLOY / "container" / "Containerfile").read_text()
    make = (ROOT / "Makefile").read_text()
    for step in re.findall(r"pip install (--quiet .*)$", make, re.MULTILINE):
        if "requirements-test" not in step:
            assert f"pip install {step}" in image, step
    copied = {word for line in re.findall(r"^COPY (.*)$", image, re.MULTILINE) for word in line.split()[:-1]}
    assert all((ROOT / name).exists() for name in copied)
    packages = re.search(r"include = \[(.*)\]", (ROOT / "pyproject.toml").read_text())
    assert packages is not None and set(re.findall(r'"(\w+)\*"', packages[1])) <= copied
    assert re.search(r"^USER 10001$", image, re.MULTILINE) and "STOPSIGNAL SIGTERM" in image


def test_the_ports_and_tokens_of_all_files_agree() -> None:
    prometheus = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    manager = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    urls = {receiver["name"]: receiver["webhook_configs"][0]["url"] for receiver in manager["receivers"]}
    assert prometheus["scrape_configs"][0]["static_configs"][0]["targets"] == ["127.0.0.1:8062"]
    assert urls["page"] == urls["ticket"] == urls["live_page"] == "http://127.0.0.1:8062/api/v1/alertmanager"
    assert urls["deadman"] == "http://127.0.0.1:8067/alertmanager"
    defaults = {p.name: p.default for p in typer.main.get_command(build_app()).commands["deadman"].params}
    assert (defaults["port"], defaults["silence"]) == (8067, 90.0)


@pytest.mark.parametrize(("state", "code"), [("ALARM", 0), ("OK", 0)])
def test_the_script_that_tells_people_is_a_shell_script(state: str, code: int) -> None:
    done = subprocess.run(["sh", "-n", str(UNITS / "tell"), state, "text"], check=False)
    assert done.returncode == code
