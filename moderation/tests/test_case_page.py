"""The page of one case: the text, how it came about, whose words it is made of, the policy beside it, what people did."""

from __future__ import annotations

import html

import pytest
from django.test import Client
from django.utils.html import escape

from assistant import actions, triage
from assistant.models import Draft, Finding, Reply, Suggestion
from assistant.safety import policy as safety_policy
from assistant.safety.types import Level
from moderation import level_rules, policies
from moderation.actions import claim_flag, decide, end_claim, escalate
from moderation.models import CaseNote, Flag
from webapp import test as build
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = pytest.mark.django_db


def page_of(client: Client, flag: Flag) -> str:
    return build.read(client.get(f"/moderation/flags/{flag.id}/"))


def test_it_shows_how_the_reply_was_made_and_whose_words_it_is_made_of(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    build.suggestion(draft)
    text = f"{build.KIND_REVISION} {build.HURTFUL_REPLY}"
    head, _ = actions.save_revision(draft, text=text, base=1, origin="accepted", accepted=build.KIND_REVISION)
    reply = actions.send_reply(draft, by=cast.wren, revision=head)
    flag = Flag.objects.get(reply=reply)
    client.force_login(cast.ash)
    answer = client.get(f"/moderation/flags/{flag.id}/")
    page = build.read(answer)
    assert "How the draft of wren was made" in page
    assert "Revision 1: Written" in page
    assert "Suggestion for revision 1, shown" in page
    assert "Revision 2: A suggestion used" in page
    steps = answer.context["drafts"][0]["steps"]
    assert [step["number"] for step in steps] == [1, 1, 2]
    added = "".join(word["text"] for word in steps[2]["words"] if word["op"] == "insert")
    assert "Stop whining" in added
    parts = {part["whose"]: part["percent"] for part in answer.context["whose"]["parts"]}
    assert parts["suggested"] > 5
    assert "With it goes:" in page


def test_it_shows_what_was_found_with_the_words_it_is_about(cast: Cast, client: Client) -> None:
    flag = Flag.objects.get(reply=held_reply(cast.wren))
    client.force_login(cast.ash)
    found = client.get(f"/moderation/flags/{flag.id}/").context["findings"]
    blame = next(one for one in found if one["code"] == "dismissal.blame")
    assert (blame["phase"], blame["quotes"]) == ("dismissal", ["your own fault"])
    page = page_of(client, flag)
    assert f"Screened with version {Reply.objects.get().screening_version}." in page


def test_what_was_found_in_the_post_of_a_reply_stands_there_as_for_the_text_itself(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, post_text=build.WORRYING_POST, text=build.HURTFUL_REPLY)
    actions.send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    finding = draft.post.findings.filter(end__gt=0)[0]
    words = draft.post.text[finding.start : finding.end]
    client.force_login(cast.ash)
    answer = client.get(f"/moderation/flags/{Flag.objects.get(reply__isnull=False).id}/")
    (found,) = (one for one in answer.context["post_findings"] if one["code"] == finding.code)
    assert (found["phase"], found["quotes"]) == (finding.phase, [words])
    assert f"<mark>{escape(words)}</mark>" in answer.content.decode()
    page = build.read(answer)
    assert f"check {finding.phase} · {finding.code}" in page
    assert page.count(f"Screened with version {draft.post.screening_version}.") == 2  # the reply, and the post


def test_a_suggestion_in_a_draft_shows_what_was_found_in_it_and_its_prompt(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    suggestion = build.suggestion(draft, text=build.HURTFUL_REPLY)
    start = suggestion.text.index("your own fault")
    said = {"phase": "dismissal", "code": "dismissal.blame", "severity": 3, "reason": "It blames."}
    suggestion.findings.create(case=suggestion.case, start=start, end=start + 14, **said)
    actions.send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    client.force_login(cast.ash)
    answer = client.get(f"/moderation/flags/{Flag.objects.get(reply__isnull=False).id}/")
    (step,) = (one for one in answer.context["drafts"][0]["steps"] if one.get("suggestion"))
    blame = next(one for one in step["findings"] if one["code"] == "dismissal.blame")
    assert (blame["phase"], blame["quotes"]) == ("dismissal", ["your own fault"])
    page = build.read(answer)
    assert "Found in the suggestion" in page
    asked, screened = suggestion.prompt_version, suggestion.screening_version
    assert f"Asked for with prompt {asked}. Screened with version {screened}." in page


def test_earlier_replies_to_the_post_are_beside_it(cast: Cast, client: Client) -> None:
    first = held_reply(cast.wren)
    flag = Flag.objects.get(reply=first)
    decide(flag, outcome="reject", policy="dismissal", by=cast.ash, reason="It compares.", seen=1)
    draft = actions.take_next_post(cast.robin)
    assert draft is not None
    head, _ = actions.save_revision(draft, text=build.HURTFUL_REPLY, base=0)
    second = actions.send_reply(draft, by=cast.robin, revision=head)
    client.force_login(cast.ash)
    page = page_of(client, Flag.objects.get(reply=second))
    assert "Other replies to this post wren: not sent" in page
    assert "ash decided: reject · Dismissal" in page


def test_the_history_tells_claims_escalations_and_decisions_with_names(cast: Cast, client: Client) -> None:
    flag = Flag.objects.get(reply=held_reply(cast.wren))
    for _ in range(2):  # renewing says nothing new
        claim_flag(flag, by=cast.ash)
    end_claim(flag, by=cast.ash)
    escalate(flag, by=cast.ash, reason="A lead should see this.", seen=1)
    flag.refresh_from_db()
    client.force_login(cast.birch)
    said = [(event["who"], event["what"]) for event in client.get(f"/moderation/flags/{flag.id}/").context["history"]]
    assert said == [
        ("Lantern", "flagged the reply"),
        ("ash", "took it"),
        ("ash", "let somebody else take it"),
        ("ash", "escalated"),
    ]


def test_notes_are_kept_for_the_next_one_and_never_for_the_supporter(cast: Cast, client: Client) -> None:
    reply = held_reply(cast.wren)
    flag = Flag.objects.get(reply=reply)
    client.force_login(cast.ash)
    assert client.post(f"/moderation/flags/{flag.id}/note", {"text": "Wren is new."}).status_code == 302
    assert client.post(f"/moderation/flags/{flag.id}/note", {"text": "  "}).status_code == 422
    client.force_login(cast.birch)
    assert "ash" in page_of(client, flag)
    assert "Wren is new." in page_of(client, flag)
    assert CaseNote.objects.count() == 1
    client.force_login(cast.wren)
    assert "Wren is new." not in build.read(client.get(f"/replies/{reply.id}/"))


@pytest.mark.parametrize("level", list(Level))
def test_the_policy_of_the_level_stands_in_words(level: Level) -> None:
    lines = level_rules.lines_for(level, "IE")
    rule = safety_policy.current().levels[level]
    assert any("confirms" in line for line in lines) == rule.two_people == triage.handling(level).two_people
    if level is Level.PLAN:
        assert lines[0] == "Somebody looks at it within 5 minutes. Somebody else is told after 2 minutes."
        assert lines[-1] == "Emergency services: a lead decides."
    assert any(line.startswith("A reply holds:") for line in lines) == bool(rule.mandatory)


def test_a_policy_that_cannot_be_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise safety_policy.PolicyError("gone")

    monkeypatch.setattr(safety_policy, "current", broken)
    assert level_rules.lines_for(4, "") == [level_rules.UNREADABLE]
    assert triage.handling(3).two_people


def test_every_phase_of_the_checks_belongs_to_a_policy_or_to_none_knowingly() -> None:
    from assistant.safety.phases import build_phases

    met = frozenset.union(*(one.phases for one in policies.POLICIES))
    left_out = {"length", "language", "repetition", "injection", "leak"}  # what they find breaks no policy of ours
    assert {phase.name for phase in build_phases()} - met == left_out


def test_a_supporter_is_told_the_kind_of_rule_and_not_the_rule(cast: Cast, client: Client) -> None:
    from assistant.safety.phases import build_phases
    from assistant.why_held import KINDS

    assert {phase.name for phase in build_phases()} <= set(KINDS)
    reply = held_reply(cast.wren)
    client.force_login(cast.wren)
    page = build.read(client.get(f"/replies/{reply.id}/"))
    assert "It may read as blame, comparison, or as not having listened." in page
    assert "dismissal.blame" not in page
    draft = build.draft(cast.wren)
    suggestion = build.suggestion(draft)
    Suggestion.objects.filter(id=suggestion.id).update(status="held")
    page = build.read(client.get(f"/jobs/{suggestion.job_id}/suggestion"))
    assert "A person should read it first." in page


def test_a_returned_draft_leads_to_what_was_decided(cast: Cast, client: Client) -> None:
    reply = held_reply(cast.wren)
    flag = Flag.objects.get(reply=reply)
    decide(flag, outcome="return", policy="dismissal", by=cast.ash, reason="Say first what they feel.", seen=1)
    client.force_login(cast.wren)
    page = client.get(f"/drafts/{Draft.objects.get(id=reply.draft_id).id}/").content.decode()
    assert "how to ask for another look" in page


def test_the_page_of_a_post_says_whose_country_and_language_and_whom_to_turn_to(cast: Cast, client: Client) -> None:
    flag = Flag.objects.get(post=build.post(build.URGENT_POST, country="IE"))
    client.force_login(cast.ash)
    answer = client.get(f"/moderation/flags/{flag.id}/")
    page = answer.content.decode()
    assert 'data-country="IE"' in page
    assert 'data-language="en"' in page
    assert "Helplines of their country" in page
    assert answer.context["helplines"]
    assert all(line["name"] in html.unescape(page) for line in answer.context["helplines"])
    low = Flag.objects.get(post=build.post(build.WORRYING_POST, country="IE"))
    assert "Helplines of their country" not in page_of(client, low)


def test_where_the_country_is_not_known_it_says_so_instead_of_naming_anothers(cast: Cast, client: Client) -> None:
    flag = Flag.objects.get(post=build.post(build.URGENT_POST, country=""))
    client.force_login(cast.ash)
    assert "Their country is not known here." in page_of(client, flag)


def test_a_rule_that_meets_several_places_of_the_post_stands_there_once(cast: Cast, client: Client) -> None:
    reply = held_reply(cast.wren)
    post = reply.draft.post
    for start in (0, 5):
        said = {"phase": "support", "code": "support.alone", "severity": 1, "reason": "Says that nobody is there."}
        Finding.objects.create(post=post, case=post.case, start=start, end=start + 4, **said)
    client.force_login(cast.ash)
    reasons = [
        one["reason"] for one in client.get(f"/moderation/flags/{Flag.objects.get().id}/").context["post_findings"]
    ]
    assert reasons.count("Says that nobody is there.") == 1


def test_who_reads_the_reason_is_said_as_it_is(cast: Cast, client: Client) -> None:
    held, post = Flag.objects.get(reply=held_reply(cast.wren)), Flag.objects.get(post=build.post(build.URGENT_POST))
    client.force_login(cast.ash)
    assert "The supporter reads the reason, unless you approve or escalate." in page_of(client, held)
    assert "the post goes to somebody else. The supporter reads your reason." in page_of(client, held)
    assert "Only moderators read the reason." in page_of(client, post)
