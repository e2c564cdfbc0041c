"""What a replay says flips is exactly what screening with the other rules says; and nothing of the site is touched.

`make replay-check` runs it over 500 cases (REPLAY_CASES).
"""

from __future__ import annotations

import os
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from assistant import actions as assistant_actions
from assistant import triage
from assistant.models import AuditEvent, Finding, ModelVersion, Post, Reply, Suggestion
from assistant.retention import erase_case
from assistant.safety import pipeline, policy
from assistant.safety.classifier import SHIPPED
from assistant.safety.types import Context, Kind, Level
from moderation import actions, replaying
from moderation.models import Flag, Replay, ReplayCase
from moderation.other_rules import CannotTry, Change, rules_with
from moderation.replay_results import found_by
from moderation.tests.decided_cases import PLAIN, decided_cases
from webapp import test as build
from webapp.private_policy import policy_in_force, signed_policy
from webapp.test import Cast, FakeEngine

CASES = int(os.environ.get("REPLAY_CASES", "60"))
STRICTER: dict[str, Any] = {"review_at": 0.02, "urgent_at": 0.25}


def with_thresholds(folder: Path, *, review_at: float, urgent_at: float) -> Path:
    path = signed_policy(folder)
    text = path.read_text(encoding="utf-8")
    changed = text.replace("[thresholds]", f"[thresholds]\nreview_at = {review_at}\nurgent_at = {urgent_at}", 1)
    path.write_text(changed, encoding="utf-8")
    return path


def directly(flag: Flag) -> tuple[str, int]:
    """The fate and the level by the site's own `screen`, under the policy in force."""
    post = flag.subject_post
    as_post = pipeline.screen(post.text, Context(Kind.POST, language=post.language, country=post.country))
    if flag.post is not None:
        held = as_post.held or triage.handling(as_post.level).hold_post
        return ("hold" if held else "look" if as_post.flagged else "pass"), int(as_post.level)
    kind = Kind.REPLY if flag.reply is not None else Kind.SUGGESTION
    text, draft = (
        (flag.reply.revision.text, "")
        if flag.reply is not None
        else (flag.suggestion.text, flag.suggestion.job.original)  # type: ignore[union-attr]
    )
    context = Context(
        kind, language=post.language, country=post.country, post=post.text, draft=draft, level=as_post.level
    )
    found = pipeline.screen(text, context)
    held = found.held or (kind is Kind.REPLY and triage.handling(as_post.level).hold_reply)
    return ("hold" if held else "look" if found.flagged else "pass"), int(as_post.level)


def all_directly() -> dict[Any, tuple[str, int]]:
    return {flag.id: directly(flag) for flag in Flag.objects.filter(status="decided").with_subjects()}


def run(change: Change, *, last: int = CASES, **options: Any) -> Replay:
    replay = replaying.begin(change, last=last)
    for _done, _total in replaying.go_on(replay, **options):
        pass
    replay.refresh_from_db()
    return replay


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def many_suggestions(settings: Any) -> None:
    settings.SUGGESTIONS_PER_TEN_MINUTES = 10_000


@pytest.mark.timeout(0)
def test_the_flips_are_exactly_those_of_screening_with_the_other_thresholds(cast: Cast, tmp_path: Path) -> None:
    decided_cases(cast, CASES)
    live, chosen = pipeline.default_pipeline(), policy.chosen_path()
    now = all_directly()
    with policy_in_force(with_thresholds(tmp_path, **STRICTER)):
        then = all_directly()
    pipeline.default_pipeline()
    replay = run(Change(**STRICTER), last=CASES)
    cases = replay.cases.select_related("decision")
    assert {case.state for case in cases} == {ReplayCase.State.DONE}
    said = {case.decision.flag_id: ((case.before, case.level_before), (case.after, case.level_after)) for case in cases}
    assert len(said) == CASES
    assert said == {one: (now[one], then[one]) for one in said}
    flips = [one for one in said if now[one][0] != then[one][0]]
    assert len(flips) >= CASES // 12  # else this would prove nothing
    assert found_by(replay).flipped == len(flips)
    assert policy.chosen_path() == chosen
    assert live.breaker.state()["classifier"].failures == 0
    levels = sum(before[1] != after[1] for before, after in said.values())
    sys.stdout.write(f"{CASES} cases, {len(flips)} flips, {levels} level changes: all as computed\n")


def test_replaying_touches_no_pipeline_of_the_site(cast: Cast) -> None:
    decided_cases(cast, 6)
    live = pipeline.default_pipeline()
    run(Change(review_at=0.01), last=6)
    assert pipeline.default_pipeline() is live
    assert policy.current().thresholds.review_at is None


def test_a_stopped_replay_goes_on_where_it_was(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    decided_cases(cast, 12)
    monkeypatch.setattr(replaying, "STEP", 5)
    replay = replaying.begin(Change(**STRICTER), last=12)
    first = next(replaying.go_on(replay))
    assert first == (5, 12)
    kept = {case.id: (case.before, case.after) for case in replay.cases.filter(state="done")}
    assert [*replaying.go_on(replay)] == [(10, 12), (12, 12)]
    assert {case.id: (case.before, case.after) for case in replay.cases.filter(id__in=kept)} == kept
    whole = run(Change(**STRICTER), last=12)
    assert [(c.decision_id, c.before, c.after) for c in replay.cases.all()] == [
        (c.decision_id, c.before, c.after) for c in whole.cases.all()
    ]


def test_a_file_that_changed_meanwhile_is_refused(cast: Cast, tmp_path: Path) -> None:
    decided_cases(cast, 3)
    path = with_thresholds(tmp_path, **STRICTER)
    replay = replaying.begin(Change(policy=str(path)), last=3)
    path.write_text(path.read_text(encoding="utf-8") + "# another line\n", encoding="utf-8")
    with pytest.raises(CannotTry, match="not what it was"):
        next(replaying.go_on(replay))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (Change(policy="missing.toml"), "no such file|cannot be read"),
        (Change(urgent_at=0.99), "looser than the floor urgent-ceiling"),
        (Change(classifier=__file__), "test_replay.py"),
        (Change(model="nobody"), "no such model"),
    ],
)
def test_what_cannot_be_tried_is_refused_before_anything_is_kept(cast: Cast, change: Change, why: str) -> None:
    decided_cases(cast, 1)
    with pytest.raises(CannotTry, match=why):
        replaying.begin(change, last=1)
    assert not Replay.objects.exists()


def test_another_policy_file_and_the_shipped_classifier_by_path(cast: Cast, tmp_path: Path) -> None:
    decided_cases(cast, 8)
    by_file = run(Change(policy=str(with_thresholds(tmp_path, **STRICTER))), last=8)
    by_number = run(Change(**STRICTER), last=8)
    same_classifier = run(Change(classifier=str(SHIPPED)), last=8)
    fates = [[(case.before, case.after) for case in one.cases.all()] for one in (by_file, by_number)]
    assert fates[0] == fates[1]
    assert found_by(same_classifier).flipped == 0


def test_without_a_change_the_rules_of_now_are_held_against_what_was_stored(cast: Cast) -> None:
    decided_cases(cast, 10)
    assert found_by(run(Change(), last=10)).flipped == 0
    flag = Flag.objects.filter(post__isnull=False, severity__gte=2).first()
    assert flag is not None
    assert flag.post_id is not None
    Finding.objects.filter(post=flag.post).delete()  # as if an older release had found nothing
    Post.objects.filter(id=flag.post_id).update(level=0, approval=flag.id)
    replay = run(Change(), last=10)
    assert replay.against == "stored"
    found = found_by(replay)
    assert found.flipped == 1
    assert (found.flips[0].before, found.flips[0].n) == ("pass", 1)


def test_a_case_that_is_erased_meanwhile_is_left_out(cast: Cast) -> None:
    decided_cases(cast, 4)
    replay = replaying.begin(Change(review_at=0.01), last=4)
    case = replay.cases.select_related("decision__flag").first()
    assert case is not None
    erase_case(Flag.objects.with_subjects().get(id=case.decision.flag_id).subject_post, by=None)
    for _ in replaying.go_on(replay):
        pass
    found = found_by(replay)
    assert found.skipped >= 1
    assert found.waiting == 0


# What it says


def test_flips_stand_beside_what_people_decided(cast: Cast, client: Client) -> None:
    """Blame is no finding by these stored rows; the rules of now hold it."""
    upheld = {"return": True, "approve": False}
    for outcome in upheld:
        draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
        client.force_login(cast.wren)
        client.post(f"/drafts/{draft.id}/send", {"text": build.HURTFUL_REPLY, "base": 1})
        flag = Flag.objects.get(reply__draft=draft)
        actions.decide(flag, outcome=outcome, policy="dismissal", by=cast.ash, reason="So.", seen=flag.version)
    Finding.objects.all().delete()
    found = found_by(run(Change(), last=2))
    assert [(flip.before, flip.after, flip.n, flip.upheld, flip.fine) for flip in found.flips] == [
        ("pass", "hold", 2, 1, 1)
    ]
    assert found.flips[0].share is not None
    assert found.flips[0].share.value == 1.0


def test_hours_are_of_timed_decisions_and_samples_stand_for_the_rest(cast: Cast, client: Client) -> None:
    client.force_login(cast.ash)
    for _ in range(10):
        flag = Flag.objects.get(post=build.post(PLAIN[2], draw=build.drawn), status="open")
        client.get(f"/moderation/flags/{flag.id}/")
        client.post(
            f"/moderation/flags/{flag.id}/decide",
            {"outcome": "close", "closed_as": "fine", "policy": "other", "reason": "Calm.", "version": 1},
        )
    replay = replaying.begin(Change(review_at=0.0), last=10)
    assert replay.minutes is not None
    assert 0 < replay.minutes < 1
    Replay.objects.filter(id=replay.id).update(minutes=6.0)
    for _ in replaying.go_on(replay):
        pass
    replay.refresh_from_db()
    found = found_by(replay)
    assert [(flip.before, flip.after, flip.n) for flip in found.flips] == [("pass", "look", 10)]
    assert found.hours is not None
    assert found.hours.value == pytest.approx(10 * 6 / 60 / 0.05)  # each of ten stands for twenty
    assert found.hours.low == found.hours.high == found.hours.value  # all alike, so no draw differs


def test_too_few_timed_decisions_give_no_hours(cast: Cast) -> None:
    decided_cases(cast, 4)
    assert found_by(run(Change(review_at=0.01), last=4)).hours is None


# Other models


def test_suggestions_are_made_again_by_another_model(cast: Cast) -> None:
    draft = build.draft(cast.wren)
    assistant_actions.report(build.suggestion(draft), by=cast.wren)
    flag = Flag.objects.get(suggestion__isnull=False)
    actions.decide(
        flag, outcome="close", closed_as="fine", policy="other", by=cast.ash, reason="Kind.", seen=flag.version
    )
    build.post(build.WORRYING_POST)
    ModelVersion.objects.create(name="other", path="/nowhere.gguf", sha256="0" * 64, size=1)
    engine = FakeEngine().will_say(build.HURTFUL_REPLY)
    replay = run(Change(model="other"), engine=engine)
    case = replay.cases.get()
    assert (case.before, case.after) == ("pass", "hold")
    assert any(code.startswith("dismissal.") for code in case.come)
    assert build.KIND_DRAFT in "".join(segment.text for segment in engine.asked[0].prompt.segments)
    assert Suggestion.objects.get().text == build.KIND_REVISION


# The command and the pages


@pytest.fixture
def niceness(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    asked: list[int] = []
    monkeypatch.setattr(os, "nice", asked.append)
    return asked


def test_the_command_says_what_would_flip_and_is_gone_on_with(cast: Cast, niceness: list[int]) -> None:
    decided_cases(cast, 6)
    out = StringIO()
    call_command("replay", "--review-at", "0.01", "--last", "6", "--by", "birch", stdout=out)
    replay = Replay.objects.get()
    assert niceness == [19]
    assert replay.by == cast.birch
    for said in (
        "review_at 0.01",
        f"--resume {replay.id}",
        "6 of 6",
        "6 case(s) compared, 0 skipped",
        "Review: not known",
    ):
        assert said in out.getvalue()
    again = StringIO()
    call_command("replay", "--resume", str(replay.id), stdout=again)
    assert "6 case(s) compared" in again.getvalue()
    listed = StringIO()
    call_command("replay", "--list", stdout=listed)
    assert "review_at 0.01" in listed.getvalue()
    assert AuditEvent.objects.filter(action__startswith="replay.").count() == 2


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--last", "0"], "want 1 or more"),
        (["--urgent-at", "2"], "urgent-ceiling"),
        (["--by", "nobody"], "nobody has this name"),
        (["--resume", "00000000-0000-4000-8000-000000000000"], "no such replay"),
    ],
)
def test_the_command_refuses_with_a_remedy(cast: Cast, niceness: list[int], arguments: list[str], why: str) -> None:
    decided_cases(cast, 1)
    with pytest.raises(CommandError, match=why):
        call_command("replay", *arguments)


def test_there_must_be_a_decided_case(db: None, niceness: list[int]) -> None:
    with pytest.raises(CommandError, match="no decided case"):
        call_command("replay")


def test_a_lead_reads_the_results_and_others_do_not(cast: Cast, client: Client) -> None:
    decided_cases(cast, 12)
    replay = run(Change(**STRICTER), last=12)
    client.force_login(cast.birch)
    assert "review_at 0.02, urgent_at 0.25" in build.read(client.get("/moderation/replays/"))
    page = build.read(client.get(f"/moderation/replays/{replay.id}/"))
    assert f"Would flip {found_by(replay).flipped}" in page
    texts = [row.text for row in [*Post.objects.all(), *Reply.objects.all()]]
    assert not any(text in page for text in texts)
    client.force_login(cast.ash)
    assert client.get(f"/moderation/replays/{replay.id}/").status_code == 403


def test_a_replay_that_runs_shows_how_far_it_is(cast: Cast, client: Client) -> None:
    decided_cases(cast, 3)
    replay = replaying.begin(Change(review_at=0.01), last=3)
    client.force_login(cast.birch)
    page = client.get(f"/moderation/replays/{replay.id}/").content.decode()
    assert "0 of 3 cases so far" in build.read(client.get("/moderation/replays/"))
    assert 'max="3"' in page


def begun_on_the_page(client: Client, **form: Any) -> Any:
    fields = {"review_at": "", "urgent_at": "", "last": "12"} | form
    return client.post("/moderation/replays/begin", fields)


def test_a_lead_tries_other_thresholds_on_the_page(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    decided_cases(cast, 12)
    client.force_login(cast.birch)
    answer = begun_on_the_page(client, **{name: str(value) for name, value in STRICTER.items()})
    replay = Replay.objects.get()
    assert answer.headers["Location"] == f"/moderation/replays/{replay.id}/"
    assert (replay.change, replay.by) == (STRICTER, cast.birch)
    monkeypatch.setattr(replaying, "A_WHILE", 0.0)
    monkeypatch.setattr(replaying, "STEP", 5)
    rounds = [replaying.go_on_for_a_while(str(replay.id)) for _ in range(4)]
    assert rounds == [True, True, False, False]
    assert found_by(Replay.objects.get()).flipped == found_by(run(Change(**STRICTER), last=12)).flipped


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"review_at": "1.5"}, "less than or equal to 1"),
        ({"review_at": "0.9"}, "review_at"),  # looser than a floor allows
        ({"last": "0"}, "greater than or equal to 1"),
        ({"last": "12"}, "no decided case"),
    ],
)
def test_thresholds_that_cannot_be_tried_are_refused_in_words(
    cast: Cast, client: Client, form: dict[str, str], said: str
) -> None:
    client.force_login(cast.birch)
    answer = begun_on_the_page(client, **form)
    assert answer.status_code == 422
    assert said in build.read(answer)
    assert not Replay.objects.exists()


def test_a_worker_leaves_a_replay_that_needs_another_model_to_the_command(cast: Cast) -> None:
    row = Replay.objects.create(change={"model": "other"}, against="live", sampled_share=0.05)
    assert not replaying.go_on_for_a_while(str(row.id))
    assert Replay.objects.get().done_at is None


def test_rules_that_change_nothing_are_the_rules_that_count() -> None:
    mine, theirs = rules_with(Change()).pipeline, pipeline.default_pipeline()
    assert mine is not theirs
    assert mine.version == theirs.version
    assert mine.screen(build.CALM_POST, Context(Kind.POST)).level == Level.NONE
