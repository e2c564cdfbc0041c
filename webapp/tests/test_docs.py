"""Documents that can be checked are checked: what exists is documented, and what is documented exists."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import get_commands

from assistant import consumers
from assistant.inference.types import Mode
from assistant.models import SuggestionJob
from assistant.safety import phases
from assistant.streaming import chunks
from assistant.vault.fields import EncryptedTextField
from webapp import checks, environment
from webapp.accounts.roles import PERMISSIONS
from webapp.accounts.tests.test_roles import TABLE
from webapp.tests.stage import URLS

ROOT = Path(settings.BASE_DIR)
ROOMS = ("webapp", "assistant", "moderation", "webapp.accounts")
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """The text under a heading, up to the next one of any level."""
    return re.split(rf"^#+ {re.escape(heading)}$", page(name), flags=re.M)[1].split("\n#")[0]


def first_column(text: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.M))


def test_every_setting_is_in_the_example() -> None:
    example = page(".env.example")
    for name in {*environment.DEFAULTS, *environment.SECRETS}:
        assert re.search(rf"^# {name}=", example, re.M), name


def test_every_setting_that_a_document_names_exists() -> None:
    ours = set(environment.DEFAULTS) | environment.SECRETS | {f"{name}_FILE" for name in environment.SECRETS}
    for name in re.findall(r"`([A-Z][A-Z_]{3,})=?[^`]*`", page("docs/operations.md").split("### In containers")[0]):
        known = ours | {
            "HOST",
            "PORT",
            "CMAKE_ARGS",
            "LANTERN_CACHE",
            "LANTERN_GPU",
            "PIP_NO_INDEX",
            "OMP_WAIT_POLICY",
            "SSL_CERT_FILE",
        }
        assert name in known, name


def test_every_command_is_in_the_table_and_the_table_names_no_other() -> None:
    ours = {name for name, room in get_commands().items() if room in ROOMS}
    assert first_column(section("docs/operations.md", "Commands")) == ours


def test_every_command_that_a_document_names_exists() -> None:
    known = set(get_commands())
    for path in PAGES:
        named = set(re.findall(r"manage\.py ([a-z_]+)", path.read_text(encoding="utf-8")))
        assert named <= known, path


def test_the_limits_are_those_of_the_settings() -> None:
    text = section("docs/operations.md", "Limits")
    for limit in (settings.MAX_POST, settings.MAX_DRAFT, settings.MAX_REASON, settings.MAX_REQUEST_BYTES):
        assert f"| {limit:,} " in text
    assert f"| {settings.MIN_ASK_WORDS}, or {settings.MIN_ASK_SENTENCES} sentences |" in text
    assert f"| {settings.JOB_MAX_ATTEMPTS} |" in text


def test_every_refusal_at_start_is_in_the_table_and_the_table_names_no_other() -> None:
    ids = set(re.findall(r'id="(lantern\.\w+)"', Path(checks.__file__).read_text(encoding="utf-8")))
    assert first_column(section("docs/operations.md", "Settings that are refused")) == ids


def test_every_safety_phase_has_its_heading_in_order() -> None:
    headings = re.findall(r"^### (\w+)$", page("docs/safety.md"), re.M)
    assert headings == [*(phase.name for phase in phases.build_phases()), "pipeline"]


# Frames


def frame_types(*files: str) -> set[str]:
    """Every value of a "t" in a dictionary literal of these files."""
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(page(file))):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "t" and isinstance(value, ast.Constant):
                        found.add(str(value.value))
    return found


def test_every_frame_is_documented_and_every_documented_frame_exists() -> None:
    sent = frame_types("assistant/consumers.py", "moderation/consumers.py")
    assert first_column(section("docs/streaming.md", "From the server")) | {"queue", "alerts"} == sent
    taken = first_column(section("docs/streaming.md", "From the page"))
    assert "`queue`" in page("docs/streaming.md")
    assert "`alerts`" in page("docs/streaming.md")
    for kind in taken:
        assert consumers.parse_frame(f'{{"v": 1, "t": "{kind}", "job": "00000000-0000-4000-8000-000000000000"}}')
    assert taken == set(re.findall(r'"(\w+)"', re.search(r"kind not in \((.*?)\)", page("assistant/consumers.py"))[1]))  # type: ignore[index]


def test_every_close_code_is_documented_and_every_documented_one_exists() -> None:
    codes = set(re.findall(r"\b44\d\d\b", page("assistant/consumers.py") + page("webapp/asgi.py")))
    assert set(re.findall(r"^\| (\d{4}) \|", page("docs/streaming.md"), re.M)) == codes


def test_every_status_is_documented() -> None:
    text = section("docs/streaming.md", "From the server")
    for status in [*SuggestionJob.Status.values, "held", "missing"]:
        assert f"`{status}`" in text


def test_the_numbers_of_the_stream_are_those_of_the_code() -> None:
    text = page("docs/streaming.md")
    assert f"up to {consumers.MAX_JOBS} jobs" in text
    assert f"more than {consumers.MAX_JOBS} jobs" in text
    assert f"at most {consumers.MAX_FRAME} characters" in text
    assert f"every {consumers.HEARTBEAT_SECONDS:.0f} seconds" in text
    assert f"every {consumers.CHECK_PERSON_SECONDS:.0f} seconds" in text
    assert f"waited {consumers.SEND_SECONDS:.0f} seconds" in text
    assert f"up to {chunks.PAGE} at a time" in text
    assert f'"v": {consumers.VERSION}' in text


# Who may do what


def test_every_url_has_its_row_in_the_table_of_roles() -> None:
    assert set(TABLE) == set(URLS)


def test_the_roles_of_the_privacy_page_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| (.*) \|$", section("docs/privacy.md", "Who may see what"), re.M))
    rows.pop("role")
    shown = {role: frozenset(re.findall(r"`([\w.]+)`", permissions)) for role, permissions in rows.items()}
    assert shown == {role.value: permissions for role, permissions in PERMISSIONS.items()}


def test_every_encrypted_field_is_on_the_privacy_page_and_no_other() -> None:
    encrypted = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, EncryptedTextField)
    }
    rows = [line for line in section("docs/privacy.md", "What is stored").splitlines() if "| no |" in line]
    assert set(re.findall(r"`([A-Z]\w+\.\w+)`", "\n".join(rows))) == encrypted


def test_the_words_of_the_glossary_are_those_of_the_states() -> None:
    glossary = page("docs/glossary.md").lower()
    for word in ("hold", "release", "withhold", "claim", "escalation", "lease", "fence", "case"):
        assert word in glossary
    for mode in Mode:
        assert f"`{mode}`" in glossary


# Files and links


def test_every_file_that_the_architecture_names_exists() -> None:
    named = set(re.findall(r"`([\w./-]+\.(?:py|js|html|md|toml|css))`", page("docs/architecture.md")))
    assert len(named) > 40
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_every_file_and_link_of_a_document_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (path.parent / target).exists(), target
    for name in re.findall(
        r"`((?:webapp|assistant|moderation|scripts|static|templates|docs|bench)/[\w./-]*\w\.\w+)`", text
    ):
        assert (ROOT / name).exists(), name


def test_every_feature_has_its_place_and_a_test_or_a_picture_that_exists() -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.*?) \| (.*)\|$", page("docs/features.md").split("\n## ")[0], re.M)[2:]
    assert len(rows) == 24
    for feature, _where, shown_by, _falls_short in rows:
        tests = re.findall(r"`([\w/]+/test_\w+\.py)(?:::(\w+))?`", shown_by)
        assert tests, feature
        for file, name in tests:
            assert (ROOT / file).is_file(), file
            assert re.search(rf"def {name}\(", page(file)) or not name, f"{file}::{name}"


def test_every_picture_of_a_state_is_named_and_small() -> None:
    pictures = list((ROOT / "docs" / "img" / "states").glob("*.png"))
    for picture in pictures:
        assert f"(img/states/{picture.name})" in page("docs/features.md"), picture.name
        assert picture.stat().st_size < 80_000, picture.name
    assert sum(picture.stat().st_size for picture in pictures) < 1_500_000


def test_every_decision_has_its_number_its_date_and_three_parts() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in pages] == list(range(1, len(pages) + 1))
    for path in pages:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith(f"# {int(path.name[:4])}. ")
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", lines[2]), path
        assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequence"]


def test_every_target_that_a_document_names_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", page("Makefile"), re.M))
    for path in PAGES:
        named = set(re.findall(r"(?:`|^)make ([a-z-]+)", path.read_text(encoding="utf-8"), re.M))
        assert named <= targets, path


def test_the_picture_of_the_path_is_well_formed_and_says_what_it_shows() -> None:
    picture = ET.parse(ROOT / "docs" / "img" / "path.svg").getroot()
    names = {child.tag.rpartition("}")[2] for child in picture}
    assert {"title", "desc", "style"} <= names
    assert "prefers-color-scheme: dark" in page("docs/img/path.svg")


def test_the_version_is_that_of_the_changelog() -> None:
    assert page("CHANGELOG.md").split("\n## ")[1].startswith(settings.VERSION)
