"""One policy file: read whole or refused, never looser than the floors, signed over exactly what it says."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from assistant.safety import pipeline, policy
from assistant.safety.policy import REQUIRED_ROLES, SHIPPED, PolicyError, load
from assistant.safety.policy_signing import sign
from assistant.safety.types import Context, Kind, Level
from webapp.private_policy import policy_in_force

SHIPPED_TEXT = SHIPPED.read_text(encoding="utf-8")
TODAY = date(2026, 11, 20)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(SHIPPED_TEXT, encoding="utf-8")
    return path


def changed(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def level_text(level: int) -> str:
    return SHIPPED_TEXT.split(f"[levels.{level}]")[1].split("\n[")[0]


def with_level(path: Path, level: int, old: str, new: str) -> Path:
    before = level_text(level)
    assert old in before
    return changed(path, before, before.replace(old, new))


def test_the_shipped_default_can_be_read_and_nobody_signed_it() -> None:
    shipped = load(SHIPPED)
    assert shipped.unsigned_roles == REQUIRED_ROLES
    assert [shipped.levels[level].clock_minutes for level in Level] == [0, 1440, 30, 15, 5]
    assert shipped.levels[Level.PLAN].repage_minutes == 2
    assert shipped.mandatory[Level.METHOD] == ("noticed", "asked", "resource")
    assert shipped.emergency_rule("IE") == shipped.emergency_rule("") == "lead-decides"


def test_a_country_has_the_rule_that_the_file_says(file: Path) -> None:
    known = load(changed(file, "[emergency_contact]", '[emergency_contact]\nIE = "person-then-lead"'))
    assert (known.emergency_rule("ie"), known.emergency_rule("GB")) == ("person-then-lead", "lead-decides")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("timeout_seconds = 2.0", "timeout_seconds = 2.5", "longest-timeout"),
        ("failures_to_open = 3", "failures_to_open = 6", "most-failures"),
        ("canary_seconds = 60", "canary_seconds = 61", "longest-canary"),
        ("unflagged_share = 0.05", "unflagged_share = 0.04", "smallest-sample"),
        ("# review_at = 0.3", "review_at = 0.51", "review-ceiling"),
        ("# urgent_at = 0.9", "urgent_at = 0.96", "urgent-ceiling"),
    ],
)
def test_nothing_is_looser_than_its_floor(file: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(PolicyError, match=f"looser than the floor {says}"):
        load(changed(file, old, new))


@pytest.mark.parametrize(
    ("level", "old", "new", "says"),
    [
        (2, "model_drafts = false", "model_drafts = true", "no-model-draft"),
        (3, "hold_replies = true", "hold_replies = false", "pre-send-hold"),
        (4, "hold_replies = true", "hold_replies = false", "pre-send-hold"),
        (1, "clock_minutes = 1440", "clock_minutes = 1441", "longest-clock"),
        (2, "clock_minutes = 30", "clock_minutes = 0", "longest-clock"),
        (3, "clock_minutes = 15", "clock_minutes = 16", "longest-clock"),
        (4, "clock_minutes = 5", "clock_minutes = 6", "longest-clock"),
        (4, "repage_minutes = 2", "repage_minutes = 0", "longest-repage"),
        (2, 'tell = ["moderator"]', "tell = []", "always-told"),
        (4, 'tell = ["moderator", "lead"]', 'tell = ["moderator"]', "always-told"),
        (4, 'mandatory = ["noticed", "asked", "resource", "people"]', 'mandatory = ["noticed"]', "always-in-a-reply"),
    ],
)
def test_no_level_is_handled_looser_than_its_floor(file: Path, level: int, old: str, new: str, says: str) -> None:
    with pytest.raises(PolicyError, match=rf"levels\.{level}\.\w+=.*looser than the floor {says}"):
        load(with_level(file, level, old, new))


def test_stricter_is_accepted(file: Path) -> None:
    changed(
        with_level(file, 1, "hold_replies = false", "hold_replies = true"),
        "timeout_seconds = 2.0",
        "timeout_seconds = 1",
    )
    changed(changed(file, "# review_at = 0.3", "review_at = 0.1"), "# urgent_at = 0.9", "urgent_at = 0.4")
    known = load(file)
    assert known.levels[Level.PASSIVE].hold_replies
    assert (known.thresholds.review_at, known.thresholds.urgent_at, known.checks.timeout_seconds) == (0.1, 0.4, 1.0)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version = 1", 'version = "1"', 'version="1": Write a whole number'),
        ("version = 1", "version = true", "version=true"),
        ('title = "Default for demonstration"', 'title = ""', "title="),
        ("version = 1", "version = 1\ncolour = 3", "colour=3: No such field"),
        ("version = 1\n", "", "version is missing"),
        ("[sampling]\nunflagged_share = 0.05\n", "", "sampling is missing"),
        ("unflagged_share = 0.05", "unflagged_share = nan", "sampling.unflagged_share="),
        ("unflagged_share = 0.05", "unflagged_share = 5", "sampling.unflagged_share=5"),
        ("# review_at = 0.3", 'review_at = "low"', "thresholds.review_at="),
        ("[levels.0]", "[levels.5]", "levels.0 is missing"),
        ("tell = []", 'tell = ["everybody"]', "levels.0.tell="),
        ("tell = []", 'tell = ["lead", "lead"]', "levels.0.tell="),
        ("tell = []", 'tell = "lead"', "levels.0.tell="),
        ("tell = []", "tell = [[1]]", "levels.0.tell="),
        ("[emergency_contact]", '[emergency_contact]\nireland = "lead-decides"', "emergency_contact.ireland="),
        ("[emergency_contact]", '[emergency_contact]\nIE = "police"', "emergency_contact.IE="),
        (
            "[emergency_contact]",
            '[emergency_contact]\n[[signature]]\nrole = "clinician"',
            "signature.1.name is missing",
        ),
        ("[sampling]", "[sampling", "not TOML"),
    ],
)
def test_an_error_names_the_file_the_field_and_the_value(file: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(says)) as error:
        load(changed(file, old, new))
    assert str(error.value).startswith(str(file))
    assert str(error.value).endswith(".")


def test_a_review_point_above_the_urgent_point_makes_no_sense(file: Path) -> None:
    changed(changed(file, "# review_at = 0.3", "review_at = 0.4"), "# urgent_at = 0.9", "urgent_at = 0.2")
    with pytest.raises(PolicyError, match="above urgent_at"):
        load(file)


def test_a_missing_or_unreadable_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"no such file\. Copy"):
        load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="cannot be read"):
        load(tmp_path / "bytes.toml")


def test_two_signatures_make_it_whole_and_a_changed_value_undoes_both(file: Path) -> None:
    sign(file, role="safeguarding lead", name="Ash Tree", day=TODAY)
    assert load(file).unsigned_roles == ("clinician",)
    sign(file, role="clinician", name='Yew "Bark" Tree', day=TODAY)
    assert load(file).unsigned_roles == ()
    assert load(file).signed_by[1].name == 'Yew "Bark" Tree'
    changed(file, "clock_minutes = 5", "clock_minutes = 4")
    assert load(file).unsigned_roles == REQUIRED_ROLES
    assert load(file).signed_by == ()
    sign(file, role="clinician", name="Ash Tree", day=TODAY)
    assert load(file).unsigned_roles == ("safeguarding lead",)


def test_a_comment_more_leaves_the_signatures_standing(file: Path) -> None:
    sign(file, role="clinician", name="Ash Tree", day=TODAY)
    changed(file, "version = 1", "# a remark\nversion = 1")
    assert load(file).unsigned_roles == ("safeguarding lead",)


@pytest.mark.parametrize(
    ("role", "name"), [("", "Ash"), ("clinician", " "), ("clinician", "Ash\nTree"), ("clinician", "A" * 101)]
)
def test_it_is_not_signed_by_nobody(file: Path, role: str, name: str) -> None:
    with pytest.raises(PolicyError):
        sign(file, role=role, name=name, day=TODAY)
    assert file.read_text(encoding="utf-8") == SHIPPED_TEXT


def test_nobody_signs_twice_or_signs_the_shipped_default_or_a_broken_file(file: Path) -> None:
    sign(file, role="clinician", name="Ash Tree", day=TODAY)
    with pytest.raises(PolicyError, match="signed this content already"):
        sign(file, role="clinician", name="Ash Tree", day=TODAY)
    with pytest.raises(PolicyError, match="shipped with"):
        sign(SHIPPED, role="clinician", name="Ash Tree", day=TODAY)
    with pytest.raises(PolicyError, match="floor"):
        sign(changed(file, "canary_seconds = 60", "canary_seconds = 600"), role="lead", name="Ash", day=TODAY)


def test_a_policy_in_force_for_a_while_gives_way_to_the_one_before_it(file: Path) -> None:
    before = policy.chosen_path()
    with pytest.raises(PolicyError), policy_in_force(file.with_name("missing.toml")):
        policy.current()
    assert policy.chosen_path() == before
    assert before != SHIPPED  # a site of tests counts as signed
    assert not policy.current().unsigned_roles


def test_the_checks_take_their_limits_from_the_policy(file: Path) -> None:
    limits = "timeout_seconds = 2.0\nfailures_to_open = 3"
    with policy_in_force(changed(file, limits, "timeout_seconds = 1.5\nfailures_to_open = 2")):
        checks = pipeline.default_pipeline()
    assert (checks.timeout_seconds, checks.breaker.failures_to_open) == (1.5, 2)


def test_a_policy_that_breaks_while_it_is_needed_holds_and_says_so(file: Path) -> None:
    with policy_in_force(changed(file, "version = 1", "version = ")):
        assert pipeline.screen("hello there", Context(kind=Kind.REPLY)).held
        assert pipeline.screen("hello there", Context(kind=Kind.POST)).unscreened
        assert pipeline.in_trouble(Kind.SUGGESTION) == ["pipeline"]
        assert [trouble["error"] for trouble in pipeline.troubles()] == ["PolicyError"]


def test_every_field_is_explained_and_every_explained_field_exists() -> None:
    page = (Path(__file__).parents[3] / "docs" / "safety.md").read_text(encoding="utf-8")
    explained = set(
        re.findall(r"^\| `([a-z0-9_.]+)` \|", page.split("## The policy file")[1].split("\n## ")[0], re.MULTILINE)
    )
    tables = {
        "thresholds": policy.Thresholds,
        "checks": policy.Checks,
        "sampling": policy.Sampling,
        "levels": policy.LevelRule,
        "signature": policy.Signature,
    }
    known = {f"{name}.{entry.name}" for name, table in tables.items() for entry in fields(table)}
    known |= {entry.name for entry in fields(policy.Policy)} - set(tables) - {"digest"}
    assert explained == known
