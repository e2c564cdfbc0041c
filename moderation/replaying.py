"""Runs a replay: chooses its cases, goes through those that are left, and can be stopped and gone on with at any time."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from statistics import median
from typing import Any

from django.db import transaction
from django.utils import timezone

from assistant.inference.engine import Engine, EngineError
from assistant.inference.prompts import build_prompt
from assistant.inference.types import Mode, Request
from assistant.locked import keep_locked
from assistant.models import AuditEvent, Finding, ModelVersion, Post, Suggestion
from assistant.runner import params_for
from assistant.safety import policy
from assistant.safety.types import Context, Kind, Level, Severity
from assistant.vault import audit
from assistant.vault.keys import VaultError
from assistant.worker_state import is_adapter, load
from moderation.models import Decision, Flag, Replay, ReplayCase
from moderation.other_rules import CannotTry, Change, Fate, Rules, rules_with

log = logging.getLogger("lantern.replay")

LIVE, STORED = "live", "stored"
FEWEST_TIMED = 10
LONGEST = timedelta(hours=1)  # from opening a flag to deciding it; longer is a page left open
STEP = 20  # cases between two reports
A_WHILE = 3.0  # seconds: what a worker gives to a replay before it looks whether somebody waits


def begin(change: Change, *, last: int, by: Any | None = None) -> Replay:
    """Choose the cases. Without a change, the rules of now are held against what was found when each text came."""
    change = change.with_hashes()
    rules_with(change)  # refuse now what cannot be tried
    decisions = Decision.objects.standing().filter(case__destroyed_at=None).order_by("-at", "-id")
    if change.model:
        version_named(change.model)
        decisions = decisions.filter(flag__suggestion__isnull=False)
    chosen = list(decisions.select_related("flag").defer("reason", "edited_text")[:last])
    if not chosen:
        raise CannotTry("There is no decided case to replay yet.")
    with transaction.atomic():
        replay = Replay(
            change=change.to_json(),
            against=STORED if change.is_none else LIVE,
            minutes=minutes_of(chosen),
            sampled_share=policy.current().sampling.unflagged_share,
            by=by,
        )
        replay.save(force_insert=True)
        ReplayCase.objects.bulk_create(ReplayCase(replay=replay, decision=one) for one in chosen)
        audit.record("replay.begun", actor=by, object_type="replay", object_id=replay.id, code=f"{len(chosen)} case(s)")
    return replay


def minutes_of(decisions: Sequence[Decision]) -> float | None:
    """The median from opening or claiming a flag to deciding it, by the same person; None of too few."""
    opened: dict[tuple[str, str], list[Any]] = {}
    ids = [str(decision.flag_id) for decision in decisions]
    events = AuditEvent.objects.filter(action__in=["flag.viewed", "flag.claimed"], object_id__in=ids)
    for event in events.order_by("seq").only("actor", "object_id", "at"):
        opened.setdefault((event.object_id, event.actor), []).append(event.at)
    minutes = []
    for decision in decisions:
        looked = opened.get((str(decision.flag_id), str(decision.by_id)), [])
        near = [at for at in looked if timedelta(0) <= decision.at - at <= LONGEST]
        if near:
            minutes.append((decision.at - near[0]).total_seconds() / 60)
    return median(minutes) if len(minutes) >= FEWEST_TIMED else None


def go_on(replay: Replay, *, engine: Engine | None = None) -> Iterator[tuple[int, int]]:
    """Do what is left; yields how many are done, of how many. Raises CannotTry."""
    change = Change(**replay.change)
    change.refuse_changed_files()
    now = rules_with(Change())
    other = now if change.is_none else rules_with(replace(change, model=""))
    trial = Trial(replay, now, other, Remake(change.model, engine) if change.model else None)
    total = replay.cases.count()
    while waiting := list(trial.waiting()[:STEP]):
        for case in waiting:
            trial.run(case)
        yield total - trial.waiting().count(), total
    if trial.remake is not None:
        trial.remake.engine.close()
    if Replay.objects.filter(id=replay.id, done_at=None).update(done_at=timezone.now()):
        with transaction.atomic():
            audit.record("replay.finished", actor=replay.by, object_type="replay", object_id=replay.id)


def go_on_for_a_while(replay_id: str) -> bool:
    """Whether something is left to do. Never of a replay that needs a model of its own: a worker has no room for another."""
    replay = Replay.objects.filter(id=replay_id, done_at=None).select_related("by").first()
    if replay is None or Change(**replay.change).model:
        return False
    until = time.monotonic() + A_WHILE
    return any(time.monotonic() > until and done < total for done, total in go_on(replay))


class Trial:
    """The rules of now and the others, on one case after another."""

    def __init__(self, replay: Replay, now: Rules, other: Rules, remake: Remake | None) -> None:
        self.replay, self.now, self.other, self.remake = replay, now, other, remake
        self._level_now, self._level_then = (lru_cache(STEP)(_Levels(rules).of) for rules in (now, other))

    def waiting(self) -> Any:
        flags = ("post", "case", "suggestion__job__revision", "suggestion__job__draft__post", "reply__draft__post")
        paths = [f"decision__flag__{path}" for path in (*flags, "reply__revision")]
        return self.replay.cases.filter(state=ReplayCase.State.WAITING).select_related("decision", *paths)

    def run(self, case: ReplayCase) -> None:
        try:
            done = case.decision.flag.case.destroyed_at is None and self._judge(case, case.decision.flag)
        except VaultError:  # erased this moment
            done = False
        case.state = ReplayCase.State.DONE if done else ReplayCase.State.SKIPPED
        case.save(update_fields=["state", "before", "after", "level_before", "level_after", "gone", "come"])

    def _judge(self, case: ReplayCase, flag: Flag) -> bool:
        """False where there is nothing to compare: an edited suggestion's own words are gone."""
        kind, post = kind_of(flag), flag.subject_post
        post.case = flag.case
        text = text_of(flag)
        if kind is Kind.SUGGESTION and case.decision.outcome == Decision.Outcome.EDIT:
            return False
        context = Context(kind=kind, language=post.language, country=post.country)
        if kind is not Kind.POST:
            context = replace(context, post=post.text, draft=draft_of(flag))
        text_after = text
        if self.remake is not None:
            assert flag.suggestion is not None
            text_after = self.remake.text_for(flag.suggestion)
            if not text_after:
                return False
        if self.replay.against == STORED:
            case.before, codes_before, case.level_before = stored(flag)
        else:
            case.before, codes_before, case.level_before = self._found(self.now, self._level_now, text, context, post)
        case.after, codes, case.level_after = self._found(self.other, self._level_then, text_after, context, post)
        case.gone, case.come = sorted(codes_before - codes), sorted(codes - codes_before)
        return True

    @staticmethod
    def _found(rules: Rules, level_of: Any, text: str, context: Context, post: Post) -> tuple[Fate, set[str], int]:
        if context.kind is not Kind.POST:
            context = replace(context, level=level_of(post))
        screening = rules.screen(text, context)
        level = screening.level if context.kind is Kind.POST else context.level
        kind = context.kind
        return rules.fate(screening, kind, level), rules.codes(screening, kind, level), int(level)


class _Levels:
    """The level of a post by these rules, for what answers it."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def of(self, post: Post) -> Level:
        context = Context(Kind.POST, language=post.language, country=post.country)
        return self.rules.screen(post.text, context).level


def kind_of(flag: Flag) -> Kind:
    return Kind.POST if flag.post_id else Kind.SUGGESTION if flag.suggestion_id else Kind.REPLY


def text_of(flag: Flag) -> str:
    """As it came: a moderator may have changed what was sent."""
    if flag.reply is not None:
        flag.reply.revision.case = flag.case
        return flag.reply.revision.text
    flag.subject.case = flag.case
    return flag.subject.text


def draft_of(flag: Flag) -> str:
    if flag.suggestion is None:
        return ""
    flag.suggestion.job.revision.case = flag.case
    return flag.suggestion.job.original


def stored(flag: Flag) -> tuple[Fate, set[str], int]:
    """What was found when the text came."""
    findings: list[Finding] = list(flag.subject.findings.all())
    worst = max((finding.severity for finding in findings), default=0)
    level = flag.subject_post.level
    held = worst >= Severity.HOLD or (flag.post_id is not None and level >= Level.METHOD)
    fate = Fate.HOLD if held else Fate.LOOK if worst >= Severity.REVIEW else Fate.PASS
    return fate, {finding.code for finding in findings if finding.severity >= Severity.REVIEW}, level


# Suggestions made again


def version_named(name: str) -> ModelVersion:
    version = ModelVersion.objects.filter(name=name).first()
    if version is None:
        raise CannotTry(f"{name}: no such model. `manage.py models list` shows those that are registered.")
    return version


class Remake:
    """Another model, asked for the same revision in the same words and with the same wishes."""

    def __init__(self, name: str, engine: Engine | None = None) -> None:
        self.version = version_named(name)
        try:
            self.engine = engine or load(self.version)
        except EngineError as error:
            raise CannotTry(str(error)) from error

    def text_for(self, suggestion: Suggestion) -> str:
        """Empty where this model does not serve the mode, or says nothing."""
        job = suggestion.job
        mode = Mode(job.mode)
        if self.version.mode not in ("", mode):
            return ""
        prompt = build_prompt(
            mode,
            post=job.draft.post.text,
            draft=job.original,
            version=self.version.prompt_for(mode),
            goals=job.aims,
            keep=job.locked_sentences,
        )
        adapter = self.version.name if is_adapter(self.version) else ""
        try:
            said = "".join(
                self.engine.submit(Request(id=str(job.id), prompt=prompt, params=params_for(job), adapter=adapter))
            )
        except EngineError as error:
            log.warning("replay_not_remade", extra={"job": str(job.id), "code": error.code})
            return ""
        return keep_locked(job.original, said, job.locked_sentences) if said.strip() else ""
