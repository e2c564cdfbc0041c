"""Where real people are answered, no adapter is activated before the clinician panel read outputs of it and signed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import actions, panel
from assistant.actions import Refused
from assistant.actions.sign_offs import sign_off, standing_of, withdraw_sign_off
from assistant.models import (
    AuditEvent,
    Deployment,
    ModelVersion,
    PanelItem,
    PanelMark,
    PanelSample,
    Post,
    SignOff,
    Suggestion,
)
from assistant.retention import SAMPLES_LIVE, erase_case, erase_old_samples
from assistant.tests import gguf_files, panel_files
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(tmp_path: Path, settings: Settings) -> Path:
    settings.LIVE = True
    file = gguf_files.base(tmp_path / "tiny.gguf")
    call_command("models", "add", str(file))
    call_command("models", "activate", "tiny")  # nothing trained is in it
    return file


@pytest.fixture
def warm(tmp_path: Path, base: Path) -> ModelVersion:
    path = gguf_files.papers(gguf_files.adapter(tmp_path / "warm.gguf", of=base), base=base)
    call_command("models", "add", str(path))
    return ModelVersion.objects.get(name="warm")


@pytest.fixture
def sample(tmp_path: Path, warm: ModelVersion) -> PanelSample:
    return panel_files.sample(panel_files.outputs(tmp_path / "outputs.jsonl"), warm)


@pytest.fixture
def hazel() -> User:
    return build.person("hazel", Role.CLINICIAN)


@pytest.fixture
def rowan() -> User:
    return build.person("rowan", Role.CLINICIAN)


def answers() -> str:
    version = Deployment.active_version()
    return version.name if version else ""


def activate() -> None:
    call_command("models", "activate", "warm")


# What lets a version through


def test_two_members_sign_and_it_answers(
    sample: PanelSample, hazel: User, rowan: User, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="2 members of the clinician panel have to read"):
        activate()
    panel_files.signed(sample, by=hazel)
    with pytest.raises(CommandError, match="1 member of the clinician panel has to read"):
        activate()
    panel_files.signed(sample, by=rowan)
    activate()
    assert answers() == "warm"
    call_command("models", "show", "warm")
    assert "signed by rowan, until" in capsys.readouterr().out
    events = AuditEvent.objects.filter(action="model.signed_off")
    assert {(event.outcome, event.code) for event in events} == {("signed", sample.version.sha256)}


def test_one_member_is_enough_where_there_is_one(sample: PanelSample, hazel: User) -> None:
    panel_files.signed(sample, by=hazel)
    activate()
    assert answers() == "warm"


def test_nobody_is_asked_where_no_real_people_are_answered(warm: ModelVersion, settings: Settings) -> None:
    settings.LIVE = False
    activate()
    assert answers() == "warm"


def test_without_a_panel_nothing_trained_is_activated_but_what_the_release_brings(warm: ModelVersion) -> None:
    with pytest.raises(CommandError, match="and nobody has the role clinician"):
        activate()
    actions_activate(warm, release="1.0")
    assert answers() == "warm"


def actions_activate(version: ModelVersion, **how: str) -> None:
    from assistant.actions.deployments import activate as put_to_use

    put_to_use(version, **how)  # type: ignore[arg-type]


def test_a_stale_sign_off_blocks_the_next_activation_and_not_what_runs(sample: PanelSample, hazel: User) -> None:
    panel_files.signed(sample, by=hazel)
    activate()
    SignOff.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert answers() == "warm"
    call_command("models", "activate", "tiny")
    with pytest.raises(CommandError, match="the sign-off of hazel ran out on"):
        activate()
    call_command("models", "rollback", "--mode", "improve")  # going back needs nothing
    assert answers() == "warm"


def test_what_a_member_takes_back_counts_no_more(sample: PanelSample, hazel: User, rowan: User) -> None:
    row = panel_files.signed(sample, by=hazel)
    panel_files.signed(sample, by=rowan)
    with pytest.raises(Refused, match="Somebody else"):
        withdraw_sign_off(row, by=rowan)
    withdraw_sign_off(row, by=hazel)
    with pytest.raises(Refused, match="already"):
        withdraw_sign_off(row, by=hazel)
    with pytest.raises(CommandError, match="1 member"):
        activate()


def test_one_refusal_outweighs_who_signed_until_that_member_says_otherwise(
    sample: PanelSample, hazel: User, rowan: User
) -> None:
    panel_files.signed(sample, by=hazel)
    panel_files.signed(sample, by=rowan, verdict="refused")
    build.person("sorrel", Role.CLINICIAN)
    with pytest.raises(CommandError, match="refused by rowan"):
        activate()
    say = {"sample": sample, "reason": "Read once more.", "days": 30, "by": rowan}
    sign_off(sample.version, verdict="signed", **say)  # type: ignore[arg-type]
    activate()
    assert answers() == "warm"


def test_a_sign_off_is_of_one_file_and_of_no_other(
    tmp_path: Path, base: Path, sample: PanelSample, hazel: User
) -> None:
    panel_files.signed(sample, by=hazel)
    path = gguf_files.papers(gguf_files.adapter(tmp_path / "warmer.gguf", of=base, seed=8), base=base)
    call_command("models", "add", str(path))
    with pytest.raises(CommandError, match="warmer: 1 member"):
        call_command("models", "activate", "warmer")
    ModelVersion.objects.filter(name="warm").update(sha256="9" * 64)
    with pytest.raises(CommandError, match="warm: 1 member"):
        activate()


def test_a_merged_file_stands_by_the_sign_off_of_its_adapter(
    base: Path, sample: PanelSample, hazel: User, settings: Settings
) -> None:
    settings.EMBEDDED, settings.WORKER_MODES = False, ["improve"]
    tiny = ModelVersion.objects.get(name="tiny")
    ModelVersion.objects.create(
        name="tiny+warm", path=str(base), sha256="9" * 64, mode="improve", derived_from=tiny, prompt="improve-2",
        figures={"adapter": "warm"},
    )  # fmt: skip
    with pytest.raises(CommandError, match="1 member"):
        call_command("models", "activate", "tiny+warm")
    panel_files.signed(sample, by=hazel)
    call_command("models", "activate", "tiny+warm")
    assert answers() == "tiny+warm"


# Who may sign what


def test_who_has_not_read_enough_says_nothing(sample: PanelSample, hazel: User) -> None:
    for item, _texts in list(panel.unread(sample, by=hazel))[:19]:
        panel.mark_output(item, verdict="fine", note="", by=hazel)
    with pytest.raises(Refused, match="You have read 19 outputs"):
        panel_sign(sample, hazel)
    item, _texts = next(panel.unread(sample, by=hazel))
    panel.mark_output(item, verdict="fine", note="", by=hazel)
    panel_sign(sample, hazel)


def panel_sign(sample: PanelSample, by: User) -> SignOff:
    return sign_off(sample.version, sample=sample, verdict="signed", reason="It is calm.", days=30, by=by)


def test_who_called_one_unsafe_may_refuse_and_not_sign(sample: PanelSample, hazel: User) -> None:
    item, _texts = next(panel.unread(sample, by=hazel))
    panel.mark_output(item, verdict="unsafe", note="It gives a dose.", by=hazel)
    panel_files.read_all(sample, by=hazel)
    with pytest.raises(Refused, match="called 1 output of this version unsafe"):
        panel_sign(sample, hazel)
    sign_off(sample.version, sample=sample, verdict="refused", reason="It gives doses.", days=30, by=hazel)
    assert "refused by hazel" in standing_of(sample.version).lacks


def test_what_was_called_unsafe_in_one_sample_is_not_signed_by_another(
    tmp_path: Path, sample: PanelSample, hazel: User
) -> None:
    item, _texts = next(panel.unread(sample, by=hazel))
    panel.mark_output(item, verdict="unsafe", note="It gives a dose.", by=hazel)
    other = panel_files.sample(panel_files.outputs(tmp_path / "others.jsonl", says="That is a lot."), sample.version)
    with pytest.raises(Refused, match="called 1 output of this version unsafe"):
        panel_files.signed(other, by=hazel)
    panel_files.signed(other, by=build.person("rowan", Role.CLINICIAN))  # who called nothing unsafe


def test_a_clock_that_was_set_back_makes_no_signature_of_a_refusal(sample: PanelSample, hazel: User) -> None:
    signed = panel_files.signed(sample, by=hazel)
    SignOff.objects.filter(id=signed.id).update(at=timezone.now() + timedelta(hours=2))
    sign_off(sample.version, sample=sample, verdict="refused", reason="Read once more.", days=30, by=hazel)
    with pytest.raises(CommandError, match="refused by hazel"):
        activate()


def test_taking_back_a_later_word_signs_nothing_anew_and_a_refusal_stands_again(
    sample: PanelSample, hazel: User
) -> None:
    panel_files.signed(sample, by=hazel)
    say = {"sample": sample, "reason": "Read once more.", "days": 30, "by": hazel}
    withdraw_sign_off(sign_off(sample.version, verdict="refused", **say), by=hazel)  # type: ignore[arg-type]
    assert standing_of(sample.version).signed == ()
    sign_off(sample.version, verdict="refused", **say)  # type: ignore[arg-type]
    withdraw_sign_off(sign_off(sample.version, verdict="signed", **say), by=hazel)  # type: ignore[arg-type]
    with pytest.raises(CommandError, match="refused by hazel"):
        activate()


def test_an_output_is_marked_once(sample: PanelSample, hazel: User) -> None:
    item, _texts = next(panel.unread(sample, by=hazel))
    panel.mark_output(item, verdict="fine", note="", by=hazel)
    with pytest.raises(Refused, match="already"):
        panel.mark_output(item, verdict="unsafe", note="", by=hazel)
    assert PanelMark.objects.get().verdict == "fine"


# The sample


def test_levels_and_languages_are_read_alike_and_the_same_seed_draws_the_same(
    tmp_path: Path, warm: ModelVersion
) -> None:
    path = panel_files.outputs(tmp_path / "outputs.jsonl", count=240)
    file = panel.outputs_of_file(path, warm)
    first, again, other = (panel.draw_sample(warm, file, [], seed=seed) for seed in (1, 1, 2))
    assert first.sha256 == again.sha256 != other.sha256
    strata = [(item.level, item.language) for item in first.items.all()]
    assert {strata.count(one) for one in strata} == {5}  # 30 of 6 kinds, of which one is four times as frequent
    assert len(strata) == 30


def test_outputs_of_another_version_are_mixed_in(tmp_path: Path, warm: ModelVersion) -> None:
    tiny = ModelVersion.objects.get(name="tiny")
    paths = [panel_files.outputs(tmp_path / f"{name}.jsonl", count=40) for name in ("own", "other")]
    call_command(
        "models", "sample", "warm", "--outputs", str(paths[0]), "--beside", str(paths[1]), "--beside-name", "tiny"
    )
    items = list(PanelSample.objects.get().items.all())
    wrote = [item.version_id for item in items]
    assert (wrote.count(warm.id), wrote.count(tiny.id)) == (30, 15)
    assert wrote[:30] != [warm.id] * 30  # not one after the other


def test_outputs_without_a_post_take_it_from_the_cases_and_all_is_scrubbed(tmp_path: Path, warm: ModelVersion) -> None:
    cases = panel_files.outputs(tmp_path / "cases.jsonl", post="Write to me, kit.moore@heronmail.net, tonight.")
    outputs = tmp_path / "outputs.jsonl"
    rows = [json.loads(line) for line in cases.read_text().splitlines()]
    outputs.write_text("".join(json.dumps({"id": row["id"], "output": "I hear you."}) + "\n" for row in rows))
    call_command("models", "sample", "warm", "--outputs", str(outputs), "--cases", str(cases))
    item = PanelItem.objects.first()
    assert item is not None
    assert "heronmail" not in item.post
    assert item.post.startswith("Write to me")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "0 outputs can be read, and 20 are wanted"),
        ("{", "line 1: this is not JSON"),
        ("[]", "line 1: want one JSON object"),
        ('{"id": "a", "output": "x"}', "line 1: want id, output and post"),
        ('{"id": "a", "output": 3, "post": "x"}', "line 1: want id, output and post"),
        ('{"id": "a", "output": "x", "post": "y"}\n' * 2, "line 2: this id stood there before"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, warm: ModelVersion, content: str, said: str
) -> None:
    path = tmp_path / "outputs.jsonl"
    path.write_text(content)
    with pytest.raises(CommandError, match=said):
        call_command("models", "sample", "warm", "--outputs", str(path))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("models", "sample", "warm", "--outputs", str(tmp_path / "none.jsonl"))
    with pytest.raises(CommandError, match="go together"):
        call_command("models", "sample", "warm", "--beside", str(path))
    path = panel_files.outputs(path)
    whole = ["models", "sample", "warm", "--outputs", str(path)]
    for options, why in (
        (["--beside", str(path), "--beside-name", "warm"], "the version that is read"),
        (["--seed", "-1"], "--seed is -1"),
        (["--size", "501"], "--size is 501"),
    ):
        with pytest.raises(CommandError, match=why):
            call_command(*whole, *options)
    assert PanelSample.objects.count() == 0


# Live suggestions


def suggested(author: User, version: ModelVersion, *, agreed: bool = True) -> Suggestion:
    draft = build.draft(author)
    if agreed:
        Post.objects.filter(id=draft.post_id).update(may_be_learned_from=True)
    row = build.suggestion(draft)
    Suggestion.objects.filter(id=row.id).update(model_version=version)
    return row


def test_live_suggestions_are_read_only_of_people_who_agreed_and_only_while_they_do(
    warm: ModelVersion, hazel: User
) -> None:
    wren, robin = (build.person(name, Role.SUPPORTER) for name in ("wren", "robin"))
    actions.answer_about_learning(wren, given=True)
    rows = [suggested(wren, warm) for _ in range(20)]
    suggested(wren, warm, agreed=False)
    suggested(robin, warm)  # never agreed
    assert {one.source for one in panel.live_outputs(warm)} == {str(row.id) for row in rows}
    call_command("models", "sample", "warm")
    sample = PanelSample.objects.get()
    assert len(list(panel.unread(sample, by=hazel))) == 20
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM assistant_panelitem WHERE suggestion_id IS NOT NULL")
        assert all(row[0] is None or len(bytes(row[0])) < 60 for row in cursor.fetchall())  # nothing is copied
    erase_case(Post.objects.get(id=rows[0].job.draft.post_id), by=None)
    assert len(list(panel.unread(sample, by=hazel))) == 19
    actions.answer_about_learning(wren, given=False)
    assert list(panel.unread(sample, by=hazel)) == []


def test_old_samples_are_erased_and_what_was_said_of_them_stays(sample: PanelSample, hazel: User) -> None:
    panel_files.signed(sample, by=hazel)
    assert erase_old_samples() == 0
    PanelSample.objects.update(at=timezone.now() - SAMPLES_LIVE - timedelta(days=1))
    assert erase_old_samples() == 1
    assert list(panel.unread(sample, by=build.person("rowan", Role.CLINICIAN))) == []
    assert PanelMark.objects.filter(verdict="fine").count() == 24
    assert SignOff.objects.get().stands
