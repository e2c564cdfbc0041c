"""`manage.py policy`: show, check, sign."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from assistant.safety.policy import SHIPPED, load


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_bytes(SHIPPED.read_bytes())
    return path


def run(file: Path, *arguments: str) -> str:
    said = StringIO()
    call_command("policy", "--file", str(file), *arguments, stdout=said)
    return said.getvalue()


def test_it_shows_what_would_be_signed(file: Path) -> None:
    said = run(file, "show")
    assert load(file).digest in said
    assert "level 4            the model does not draft; replies are held; told: moderator, lead;" in said
    assert "a person within 5 minutes, told again after 2" in said
    assert "not signed         clinician" in said


def test_it_signs_with_yes_only_and_then_the_check_passes(file: Path) -> None:
    with pytest.raises(CommandError, match="not signed by safeguarding lead, clinician"):
        run(file, "check")
    before = file.read_bytes()
    assert "Add --yes" in run(file, "sign", "--role", "clinician", "--name", "Yew Tree")
    assert file.read_bytes() == before
    assert "Still needed: safeguarding lead." in run(file, "sign", "--role", "clinician", "--name", "Yew Tree", "--yes")
    assert "It is complete." in run(file, "sign", "--role", "safeguarding lead", "--name", "Ash Tree", "--yes")
    assert "signed by Yew Tree, Ash Tree" in run(file, "check")
    with pytest.raises(CommandError, match="already"):
        run(file, "sign", "--role", "clinician", "--name", "Yew Tree", "--yes")


def test_it_says_which_signature_stands_under_something_else(file: Path) -> None:
    run(file, "sign", "--role", "clinician", "--name", "Yew Tree", "--yes")
    file.write_text(
        file.read_text(encoding="utf-8").replace("clock_minutes = 5", "clock_minutes = 4"), encoding="utf-8"
    )
    assert "signed ANOTHER content Yew Tree, clinician" in run(file, "show")


def test_a_broken_file_is_named(file: Path) -> None:
    file.write_text("version = ", encoding="utf-8")
    with pytest.raises(CommandError, match="not TOML"):
        run(file, "show")
