"""A site with one of everything, so that a test can open every URL and press every button."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from allauth.account.internal.userkit import user_id_to_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from assistant import actions, panel
from assistant.actions.overrides import propose_override
from assistant.actions.sign_offs import LEAST_OUTPUTS, sign_off
from assistant.actions.suggestions import Finished
from assistant.inference.types import Outcome, StopReason
from assistant.models import (
    Canary,
    Deployment,
    GateVerdict,
    ModelVersion,
    PanelSample,
    PostTopic,
    Reply,
    Suggestion,
    SuggestionJob,
    TalkRequest,
    WritingGoal,
)
from assistant.reasons import STOPPABLE
from assistant.safety.types import Screening, Severity
from assistant.stop_rules import USUAL, StopRules
from moderation import actions as moderation_actions
from moderation.actions import decide
from moderation.models import Alert, BreakGlass, BreakGlassReview, Escalation, Flag, Incident, Replay
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.people import invite
from webapp.accounts.roles import Role
from webapp.accounts.sign_ins import sign_ins_of
from webapp.accounts.tests.software_passkey import SoftwarePasskey
from webapp.studies import importing
from webapp.studies.models import Assignment, Comment, Output, Rater, Report, Study
from webapp.studies.tests import building as studies
from webapp.studies.tests import research


def urls_of(resolver: URLResolver, spaces: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Every URL's name with the names of its arguments."""
    found: dict[str, list[str]] = {}
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            found |= urls_of(pattern, (*spaces, pattern.namespace) if pattern.namespace else spaces)
        elif isinstance(pattern, URLPattern):
            found[":".join((*spaces, pattern.name or "?"))] = list(pattern.pattern.regex.groupindex)
    return found


URLS = urls_of(get_resolver())
KNOWN_FLAG = "00000000-0000-4000-8000-00000000f1a6"  # for forms that name a flag


class Studies:
    """One that is set up but for what one arm lacks, one that could be opened, and one in each state after that."""

    def __init__(self, *, by: User) -> None:
        self.planned = research.planned(by, name="Planned", items=1, raters=1)
        importing.add_items(self.planned, [HELD_ITEM], by=by)
        self.held = Output.objects.get(item__study=self.planned, item__source="held", arm__key="alone")
        self.rater = self.planned.raters.get()
        build.person("sorrel", Role.RATER)  # who could be asked: whoever holds every role may look at the arms
        self.ready = research.planned(by, name="Ready", items=1, raters=2)
        kept: dict[str, Any] = {"plan": {"format": 1}, "plan_sha256": "a" * 64, "opened_at": timezone.now()}
        self.open, self.paused, self.closed = (
            studies.study(by=by, name=status.title(), status=status, items=1, **kept)
            for status in (Study.Status.OPEN, Study.Status.PAUSED, Study.Status.CLOSED)
        )
        done = {"status": Report.Status.DONE, "plots": {"means": "<svg xmlns='http://www.w3.org/2000/svg'/>"}}
        Report.objects.create(study=self.closed, **done)
        self.by_url = dict.fromkeys(("research_open", "research_erase"), self.ready)
        self.by_url |= dict.fromkeys(("research_pause", "research_plan"), self.open) | {"research_resume": self.paused}
        of_closed = ("export", "texts", "report", "report_check", "make_report", "plot")
        self.by_url |= {f"research_{one}": self.closed for one in of_closed} | {"research_close": self.open}

    def known(self, name: str) -> dict[str, Any]:
        """What stands in the addresses of researchers."""
        if not name.startswith("studies:research"):
            return {}
        study = self.by_url.get(name.removeprefix("studies:"), self.planned)
        of_planned = {"rater_number": self.rater.id, "study_item_id": self.held.item_id, "output_id": self.held.id}
        return {"study_id": study.id, "plot": "means", "arm_key": "alone", **of_planned}


HELD_ITEM = importing.Row(
    source="held", post=build.CALM_POST, outputs={"alone": build.HURTFUL_REPLY, "improved": build.KIND_REVISION}
)


class Stage:
    """Wren writes with the model's help and has a reply held; robin moderates. Both hold every role."""

    def __init__(self) -> None:
        self.wren, self.robin = (build.person(name, *Role) for name in ("wren", "robin"))
        self.draft = build.draft(self.wren)
        self.suggestion = suggested(self.draft, build.KIND_REVISION)
        self.offered = next(one.index for one in actions.changes_of(self.suggestion) if one.why in STOPPABLE)
        self.job = build.job(self.draft)
        self.reply = held_reply(self.wren)
        self.flag = Flag.objects.get(reply=self.reply)
        self.returned = held_reply(self.wren)
        said: dict[str, Any] = {"policy": "dismissal", "reason": "Say first what they feel.", "seen": 1}
        flag = Flag.objects.get(reply=self.returned)
        self.decision = decide(flag, outcome="return", by=self.robin, **said)
        self.golden = moderation_actions.write_golden(
            kind="reply",
            text=build.HURTFUL_REPLY,
            post_text=build.CALM_POST,
            explanation="It blames.",
            outcome="return",
            policy="dismissal",
            by=self.robin,
        )
        self.replay = Replay.objects.create(change={"review_at": 0.1}, against="live", sampled_share=0.05)
        self.proposed = Flag.objects.get(post=build.post(build.URGENT_POST))
        decide(self.proposed, outcome="approve", by=self.wren, danger=False, **said)
        self.left_out = build.post()
        PostTopic.objects.create(post=self.left_out, topic="work")
        actions.leave_out_topics(["work"], by=self.wren)
        self.check_in = actions.check_in(moment="after", feeling="tired", words="Two long ones.", by=self.wren)
        actions.share_check_in(self.check_in, shared=True, by=self.wren)
        actions.ask_to_talk(self.robin)
        self.talk = TalkRequest.objects.get()
        self.escalation = self.handed_over()
        self.shift = moderation_actions.add_shift(
            person=self.robin,
            line="lead",
            place=1,
            starts_at=timezone.now(),
            ends_at=timezone.now() + timedelta(hours=4),
            weeks=1,
            by=self.robin,
        )[0]
        self.canary, self.rolled_back = canaries()
        self.invitation, self.token = invite([Role.SUPPORTER], by=self.robin)
        TOTP.activate(self.wren, generate_totp_secret())
        RecoveryCodes.activate(self.wren)
        self.passkey = WebAuthn.add(self.wren, "A phone", SoftwarePasskey("testserver").register("AAAA")).instance
        for person in (self.wren, self.robin):
            Client().force_login(person)
        self.sign_ins = {person: sign_ins_of(person).get().handle for person in (self.wren, self.robin)}
        case = self.left_out.case
        Flag.objects.create(id=KNOWN_FLAG, case=case, post=self.left_out, severity=Severity.REVIEW)
        self.incident = mitigated_incident(by=self.wren)
        self.studies = Studies(by=self.wren)
        self.asked = moderation_actions.ask_to_read(self.reply.case, reason="A complaint came in.", by=self.wren)
        self.read_by_wren, self.read_by_robin = (
            moderation_actions.ask_to_read(case, reason="Another complaint.", by=one) for one in (self.wren, self.robin)
        )
        moderation_actions.allow_reading(self.read_by_wren, by=self.robin)
        moderation_actions.allow_reading(self.read_by_robin, by=self.wren)
        BreakGlass.objects.filter(id=self.read_by_wren.id).update(until=timezone.now())  # its review can be closed
        self.rated, self.remark = rated_text(self.wren)
        self.candidates = candidates()
        self.sample = sample_read_by(self.wren, self.candidates[0])
        self.unread = self.sample.items.exclude(marks__by=self.wren)[0]
        self.signed = sign_off(
            self.candidates[0], sample=self.sample, verdict="signed", reason="It is calm.", days=30, by=self.wren
        )
        self.override = propose_override(self.candidates[0], reason="It repeats itself.", by=self.robin)

    def handed_over(self) -> Escalation:
        """By wren, and robin has it."""
        actions.hand_over_post(build.draft(self.wren, level=4), by=self.wren)
        escalation = Escalation.objects.get()
        moderation_actions.take_hand_over(escalation, by=self.robin)
        return Escalation.objects.get()

    def address(self, name: str, **other: Any) -> str:
        flags = {"moderation:answer": self.proposed.id, "moderation:mark_golden": self.decision.flag_id}
        known: dict[str, Any] = {
            "draft_id": self.draft.id,
            "job_id": self.job.id,
            "suggestion_id": self.suggestion.id,
            "index": self.offered if name == "assistant:stop_kind" else 0,
            "number": 1,
            "code": "wording",
            "canary_id": self.rolled_back.id if name == "assistant:see_canary" else self.canary.id,
            "goal_id": WritingGoal.objects.get(code="shorter").id,
            "reply_id": self.returned.id if name == "moderation:appeal" else self.reply.id,
            "flag_id": flags.get(name, self.flag.id),
            "item_id": self.golden.id,
            "replay_id": self.replay.id,
            "decision_id": self.decision.id,
            "escalation_id": self.escalation.id,
            "alert_id": Alert.objects.get(escalation=self.escalation).id,
            "shift_id": self.shift.id,
            "user_id": self.wren.pk,
            "post_id": self.left_out.id,
            "check_in_id": self.check_in.id,
            "talk_id": self.talk.id,
            "invitation_id": self.invitation.id,
            "sign_in_id": self.sign_ins[self.robin if name == "accounts:end_own_sign_in" else self.wren],
            "pk": self.passkey.pk,
            "incident_id": self.incident.id,
            "asked_id": self.asked.id,
            "request_id": self.read_by_robin.id,
            "review_id": BreakGlassReview.objects.get(about=self.read_by_wren).id,
            "study_id": self.rated.rater.study_id,
            "assignment_id": self.rated.id,
            "comment_id": self.remark.id,
            "version_id": self.candidates[1].id,
            "sample_id": self.sample.id,
            "output_id": self.unread.id,
            "sign_off_id": self.signed.id,
            "override_id": self.override.id,
            "token": self.token,
            "uidb36": "1",
            "key": "set-password",
        }
        known |= self.studies.known(name)
        return reverse(name, kwargs={argument: other.get(argument, known[argument]) for argument in URLS[name]})

    def person_for(self, name: str) -> User:
        """Nobody decides about their own reply or closes their own account, and who wrote it appeals; robin alone has no
        second factor yet."""
        own = name == "moderation:appeal" or not name.startswith(("moderation:", "accounts:", "mfa_activate"))
        return self.wren if own else self.robin

    def client_for(self, name: str, **options: Any) -> Client:
        """Signed in, except where only who is not signed in gets anywhere."""
        cache.clear()  # the limits of signing in
        client = Client(**options)
        if name not in ("account_login", "account_reset_password", "accounts:invitation", "accounts:set_up"):
            show_who_it_is(client, self.person_for(name))
        return client


def show_who_it_is(client: Client, person: User) -> None:
    """As somebody who signed in just now."""
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = user_id_to_str(person)
    session.save()


def held_reply(author: User, level: int | None = None) -> Reply:
    draft = build.draft(author, text=build.HURTFUL_REPLY, level=level)
    reply = actions.send_reply(draft, by=author, revision=build.head_of(draft))
    assert reply.status == Reply.Status.HELD
    return reply


def suggested(draft: Any, text: str) -> Suggestion:
    """What a job of this draft brought, without running a model."""
    job = build.job(draft)
    SuggestionJob.objects.filter(id=job.id).update(status="running", attempt=1, fence=1)
    finished = Finished(
        text=text,
        outcome=Outcome(StopReason.END, 10, 10, 0.1, 0.2),
        model_version=None,
        prompt_version="test",
    )
    suggestion = actions.finish_job(job, fence=1, finished=finished, screening=Screening(version="test-1"))
    assert suggestion is not None
    return suggestion


def canaries() -> tuple[Canary, Canary]:
    """One that runs for drafts from the post, and one that rolled back; the next may be tried on drafts."""
    base = ModelVersion.objects.create(name="tiny", sha256="0" * 64, size=1000)
    names = ("warm", "warmer", "first-words")
    warm, warmer, first = (
        ModelVersion.objects.create(
            name=name, kind="adapter", base=base, mode="generate" if name == "first-words" else "improve", size=10,
            sha256=str(number) * 64, manifest_sha256="a" * 64, report_sha256="b" * 64,
        )
        for number, name in enumerate(names, start=1)
    )  # fmt: skip
    for version, mode in ((base, ""), (warm, "improve")):
        Deployment.objects.create(version=version, mode=mode)
    common: dict[str, Any] = {"share": 10, "most_jobs": 200, "most_days": 7, "active": base}
    common["rules"] = StopRules.of({rule.value: bound for rule, bound in USUAL.items()}, least_jobs=20).to_json()
    GateVerdict.objects.create(version=warmer, over=warm, passed=True, sha256="f" * 64)
    running = Canary.objects.create(kind="shadow", mode="generate", candidate=first, **common)
    ended = {"outcome": Canary.Outcome.ROLLED_BACK, "reason": "held", "ended_at": timezone.now()}
    return running, Canary.objects.create(kind="canary", mode="improve", candidate=warmer, **common, **ended)


def candidates() -> list[ModelVersion]:
    """Two that would like the place of a third one, which drafts from the post."""
    base = ModelVersion.objects.create(name="base", sha256="b" * 64)
    papers = {"manifest_sha256": "d" * 64, "report_sha256": "e" * 64, "prompt": "generate-2"}
    kind = {"kind": ModelVersion.Kind.ADAPTER, "mode": "generate", "base": base}
    active, *others = (
        ModelVersion.objects.create(name=name, sha256=str(number) * 64, **kind, **papers)
        for number, name in enumerate(("calm", "calmer", "calmest"), start=4)
    )
    Deployment.objects.create(version=active, mode="generate")
    return others


def sample_read_by(member: User, version: ModelVersion) -> PanelSample:
    """One output of it is not read yet."""
    outputs = [
        panel.Output(version, str(number), "en", 0, panel.Texts("The evenings are long.", "", "I hear you."))
        for number in range(LEAST_OUTPUTS + 1)
    ]
    sample = panel.draw_sample(version, outputs, [], seed=1)
    for item in sample.items.all()[:LEAST_OUTPUTS]:
        panel.mark_output(item, verdict="fine", note="", by=member)
    return sample


def mitigated_incident(*, by: Any) -> Incident:
    """Everything that somebody else needs to sign it off."""
    row = moderation_actions.open_incident(title="A reply left too soon", happened="It was sent.", severity=2, by=by)
    for kind, text in (
        ("mitigated", "Sending was stopped."),
        ("cause", "A check was skipped."),
        ("fix", "It is not skipped any more."),
        ("test", "moderation/tests/test_decide.py::test_a_reason_is_required"),
    ):
        moderation_actions.add_to_incident(row, kind=kind, text=text, by=by)
    return row


def rated_text(rater: User) -> tuple[Assignment, Comment]:
    """The first text of an open study, and a comment on it; its rater agreed."""
    study = studies.study(by=rater, pairs_for_training=True)
    row = studies.rater(study, rater)
    Rater.objects.filter(id=row.id).update(consented_at=timezone.now())
    text = row.assignments.select_related("rater", "output__case").first()
    assert text is not None
    remark = Comment(case=text.output.case, assignment=text, output=text.output, start=0, end=4, text="Blunt.")
    remark.save(force_insert=True)
    return text, remark


@contextmanager
def undone() -> Iterator[None]:
    """Whatever was stored meanwhile is gone afterwards, so that each request finds the same site."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def missing_id() -> uuid.UUID:
    return uuid.uuid4()
