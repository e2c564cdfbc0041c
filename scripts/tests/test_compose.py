"""compose.yaml and the Dockerfile, as far as they can be checked without a container engine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LASTING = ("proxy", "web", "worker", "postgres", "redis")
ONCE = ("migrate", "keys")
# The Compose Specification's names that this file uses; a typing error would be silently ignored elsewhere.
KNOWN = frozenset(
    [
        "image",
        "build",
        "user",
        "command",
        "profiles",
        "environment",
        "secrets",
        "configs",
        "volumes",
        "tmpfs",
        "networks",
        "ports",
        "depends_on",
        "healthcheck",
        "restart",
        "read_only",
        "cap_drop",
        "security_opt",
        "pids_limit",
        "logging",
        "mem_limit",
        "cpus",
        "shm_size",
        "stop_grace_period",
    ]
)

every_service = pytest.mark.parametrize("name", SERVICES)
lasting_service = pytest.mark.parametrize("name", LASTING)


def test_the_services_are_those_that_are_described() -> None:
    assert set(SERVICES) == {*LASTING, *ONCE}


@every_service
def test_a_service_uses_only_known_words(name: str) -> None:
    assert set(SERVICES[name]) <= KNOWN


@every_service
def test_a_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), "runs as a number that is not root"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] > 0
    assert "mem_limit" in service
    assert "stop_grace_period" in service
    assert not {"privileged", "network_mode", "cap_add", "pid", "ipc", "devices"} & set(service)
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


@lasting_service
def test_a_lasting_service_is_watched_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", ONCE)
def test_a_service_that_runs_once_is_not_started_again(name: str) -> None:
    assert SERVICES[name]["restart"] == "no"


@every_service
def test_an_image_is_pinned_to_a_full_version(name: str) -> None:
    assert re.search(r":(\$\{LANTERN_VERSION:-)?\d+\.\d+(\.\d+)?", SERVICES[name]["image"])


def test_the_image_is_named_after_the_version_of_the_changelog() -> None:
    version = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert version is not None
    assert SERVICES["web"]["image"] == f"lantern:${{LANTERN_VERSION:-{version[1]}}}"


def test_only_the_proxy_touches_the_outside_and_only_on_this_machine() -> None:
    assert COMPOSE["networks"]["backend"]["internal"] is True
    for name, service in SERVICES.items():
        assert service["networks"] == (["front", "backend"] if name == "proxy" else ["backend"])
        assert ("ports" in service) == (name == "proxy")
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["proxy"]["ports"])


def test_secrets_come_from_files_that_the_set_up_makes(tmp_path: Path) -> None:
    named = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__", "tests"))
    shutil.copytree(ROOT / "assistant" / "inference", tmp_path / "assistant" / "inference")
    (tmp_path / "assistant" / "__init__.py").touch()
    subprocess.run([sys.executable, "scripts/bootstrap.py", "secrets"], cwd=tmp_path, check=True, capture_output=True)
    assert named == {path.name for path in (tmp_path / "var" / "compose").iterdir()}


@every_service
def test_no_secret_stands_in_the_file_itself(name: str) -> None:
    for key, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET|KEY|REDIS_URL", key):
            assert key.endswith("_FILE")
            assert str(value).startswith("/run/secrets/")
            assert Path(value).name in SERVICES[name]["secrets"]


def test_every_setting_is_one_that_the_site_reads() -> None:
    settings = (ROOT / "webapp" / "settings.py").read_text(encoding="utf-8")
    for key in SERVICES["web"]["environment"] | SERVICES["worker"]["environment"]:
        assert any(f'"{name}"' in settings for name in (key, key.removesuffix("_FILE"))), key


def test_every_network_volume_secret_and_config_is_declared() -> None:
    for name, service in SERVICES.items():
        assert set(service["networks"]) <= set(COMPOSE["networks"]), name
        named = {
            volume.split(":")[0] for volume in service.get("volumes", []) if not volume.startswith(("$", ".", "/"))
        }
        assert named <= set(COMPOSE["volumes"]), name
        used = {secret if isinstance(secret, str) else secret["source"] for secret in service.get("secrets", [])}
        assert used <= set(COMPOSE["secrets"]), name
        assert {config["source"] for config in service.get("configs", [])} <= set(COMPOSE["configs"]), name


@every_service
def test_who_is_waited_for_can_become_what_is_waited_for(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        if wait["condition"] == "service_healthy":
            assert other in LASTING
        else:
            assert wait["condition"] == "service_completed_successfully"
            assert other in ONCE


@pytest.mark.parametrize("name", ["web", "worker", "migrate", "keys"])
def test_a_command_is_a_list_that_starts_without_a_shell_or_a_container(name: str) -> None:
    command = SERVICES[name]["command"]
    assert command[0] == "python"
    assert all(isinstance(part, str) for part in command)
    if command[1] == "manage.py":
        found = [*ROOT.glob(f"*/management/commands/{command[2]}.py")]
        assert len(found) == 1, f"manage.py {command[2]}"


def test_only_two_services_may_change_the_vault() -> None:
    may = {name for name, service in SERVICES.items() if "vault:/vault" in service.get("volumes", [])}
    assert may == set(ONCE)


def test_what_a_worker_measures_about_its_machine_is_kept() -> None:
    worker = SERVICES["worker"]
    folder = str(Path(worker["environment"]["THREADS_FILE"]).parent)
    assert f"measured:{folder}" in worker["volumes"]
    assert re.search(rf"install -d -o 10001 -g 10001 .*{folder}\b", RUNTIME), (
        "a new volume takes its owner from the image"
    )


DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
RUNTIME = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_the_image_that_serves_has_no_compiler_no_model_and_no_root() -> None:
    assert not re.search(r"build-essential|cmake|g\+\+|\.gguf|models", RUNTIME)
    assert re.search(r"^USER 10001:10001$", RUNTIME, re.M)
    assert re.search(r"^HEALTHCHECK ", RUNTIME, re.M)
    assert SERVICES["web"]["user"] == "10001:10001"


def test_the_image_holds_every_folder_that_the_site_needs() -> None:
    templates: list[Path] = settings.TEMPLATES[0]["DIRS"]  # type: ignore[assignment]
    read = [*templates, *settings.STATICFILES_DIRS, *settings.LOCALE_PATHS]
    for folder in ("webapp", "assistant", "moderation", "evaluation", *(one.name for one in read)):
        assert f"COPY {folder}/ {folder}/" in RUNTIME
        assert f"!{folder}/" in (ROOT / ".dockerignore").read_text(encoding="utf-8")


def test_the_image_can_count_what_a_study_comes_to() -> None:
    built = DOCKERFILE[: DOCKERFILE.rindex("\nFROM ")]
    assert re.search(r"^COPY .*\brequirements-lab\.txt\b", built, re.M)
    assert "python scripts/bootstrap.py lab" in built
    # matplotlib writes where it keeps fonts; nothing but /tmp may be written.
    assert "MPLCONFIGDIR=/tmp/" in RUNTIME


def test_both_stages_have_the_same_python() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases[0])
