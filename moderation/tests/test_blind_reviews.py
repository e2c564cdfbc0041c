"""Nothing around a second look or a golden item tells what it is, or what was decided first."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from assistant.actions import save_revision, send_reply
from assistant.models import AuditEvent
from moderation import actions
from moderation.actions.draws import draw_reviews
from moderation.models import CaseNote, Decision, Flag, GoldenItem, Review
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.test import Cast

pytestmark = pytest.mark.django_db

FIRST_REASON = "It blames, and she cannot answer that."
SAID = {"outcome": "return", "policy": "dismissal", "reason": "Too hard on her.", "version": 1}


def held(cast: Cast) -> Flag:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    reply = send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    return Flag.objects.get(reply=reply)


def decided(flag: Flag, by: User, outcome: str = "return", **said: Any) -> Decision:
    given: dict[str, Any] = {"policy": "dismissal", "reason": FIRST_REASON, "seen": flag.version} | said
    made = actions.decide(flag, outcome=outcome, by=by, **given)
    assert isinstance(made, Decision)
    return made


def second(decision: Decision) -> Review:
    return Review.objects.create(case=decision.case, kind="second", decision=decision)


def golden_post(cast: Cast) -> Review:
    item = actions.write_golden(
        kind="post",
        text=build.WORRYING_POST,
        post_text="",
        explanation="Tired, and not in danger.",
        outcome="close",
        closed_as="fine",
        policy="crisis",
        by=cast.birch,
    )
    return Review.objects.create(case=item.case, kind="golden", item=item, meant_for=cast.ash)


def rows(client: Client, **query: str) -> list[str]:
    return [str(row["id"]) for row in client.get("/moderation/rows", query).context["flags"]]


# Which are looked at again


def test_appeals_and_what_was_undone_are_not_looked_at_again(cast: Cast, settings: Any) -> None:
    settings.SECOND_REVIEW_SHARE = 1.0
    decision = decided(held(cast), cast.ash, "return")
    assert Review.objects.filter(decision=decision).exists()
    assert decision.flag.reply is not None
    appeal = actions.appeal(decision.flag.reply, words="It names what she feels.", by=cast.wren)
    answer = decided(appeal.flag, cast.birch, "uphold")
    undone = decided(held(cast), cast.ash, "reject")
    actions.undo(undone, by=cast.ash)
    assert not Review.objects.filter(decision=answer).exists()
    waiting = Review.objects.waiting_for(build.person("alder", Role.MODERATOR))
    assert [review.decision for review in waiting] == [decision]
    Review.objects.all().delete()
    draw_reviews(undone, draw=lambda _most: 0)
    assert not Review.objects.exists()


def test_who_confirmed_a_decision_never_gets_the_second_look_at_it(cast: Cast, client: Client) -> None:
    decision = decided(held(cast), cast.ash)
    Decision.objects.filter(id=decision.id).update(confirmed_by=cast.birch)
    review = second(decision)
    client.force_login(cast.birch)
    assert rows(client) == []
    assert client.get(f"/moderation/flags/{review.id}/").status_code == 404
    client.force_login(build.person("alder", Role.MODERATOR))
    assert rows(client) == [str(review.id)]


# The page


def test_the_page_tells_neither_claims_nor_notes_nor_what_its_author_wrote_then(cast: Cast, client: Client) -> None:
    flag = held(cast)
    actions.claim_flag(flag, by=cast.ash)
    actions.add_note(flag, text="Spoke with them on Monday.", by=cast.ash)
    review = second(decided(flag, cast.ash))
    actions.add_note(flag, text="They agreed that it blames.", by=cast.ash)
    assert flag.reply is not None
    draft = flag.reply.draft
    draft.refresh_from_db()
    save_revision(draft, text="I hear how alone that is.", base=draft.head_number)
    send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    client.force_login(cast.birch)
    page = client.get(f"/moderation/flags/{review.id}/")
    told = page.content.decode()
    assert "Spoke with them on Monday." in told  # the first decider knew it, too
    for hidden in (FIRST_REASON, "They agreed", "I hear how alone that is.", "took it", "returned", str(flag.id)):
        assert hidden not in told
    assert [event["what"] for event in page.context["history"]] == ["flagged the reply"]


def test_an_own_note_is_kept_with_the_case_and_shown(cast: Cast, client: Client) -> None:
    review = second(decided(held(cast), cast.ash))
    client.force_login(cast.birch)
    answer = client.post(f"/moderation/flags/{review.id}/note", {"text": "Ask wren about it."})
    assert answer.headers["Location"] == f"/moderation/flags/{review.id}/#notes"
    assert "Ask wren about it." in client.get(f"/moderation/flags/{review.id}/").content.decode()
    assert CaseNote.objects.get().case == review.case


# The claim


def test_the_claim_answers_like_that_of_a_flag(cast: Cast, client: Client) -> None:
    flag, review = held(cast), second(decided(held(cast), cast.ash))
    client.force_login(cast.birch)
    answers = []
    for one in (flag.id, review.id):
        at = f"/moderation/flags/{one}"
        client.post(f"{at}/claim")
        page = client.get(f"{at}/")
        said = [client.post(f"{at}/renew").json(), client.get(f"{at}/claim-state").json()]
        over = client.post(f"{at}/take-over", {"taken_from": str(cast.ash.pk), "why": "She left."})
        claim = {name: value for name, value in page.context["claim"].items() if name not in ("since", "seconds_left")}
        assert page.context["claim"]["since"] is not None
        history = [(event["who"], event["what"]) for event in page.context["history"]][-1]
        states = [(state["mine"], state["said"], state["left"] > 800) for state in said]
        passed = client.post(f"{at}/pass")
        ended = client.get(f"{at}/claim-state").json()
        status = (over.status_code, over.headers["Location"].replace(str(one), ""), passed.status_code)
        answers.append((claim, states, status, history, ended))
    assert answers[0] == answers[1]


def test_what_somebody_else_has_changed_meanwhile_and_is_not_shown(cast: Cast, client: Client) -> None:
    review = second(decided(held(cast), cast.ash))
    actions.claim_review(review, by=cast.birch)
    client.force_login(build.person("alder", Role.MODERATOR))
    for answer in (
        client.get(f"/moderation/flags/{review.id}/", follow=True),
        client.post(f"/moderation/flags/{review.id}/decide", SAID, follow=True),
        client.post(f"/moderation/flags/{review.id}/note", {"text": "Hm."}, follow=True),
    ):
        assert "This changed after you opened it" in build.read(answer)
    assert not CaseNote.objects.exists()


# The next one


def opened_next(client: Client) -> str:
    answer = client.post("/moderation/next", follow=True)
    return str(answer.context["flag"].id)


def test_the_next_one_is_a_review_where_it_stands_first(cast: Cast, client: Client) -> None:
    review = second(decided(held(cast), cast.ash))
    low = Flag.objects.get(post=build.post(build.WORRYING_POST))
    client.force_login(cast.birch)
    assert opened_next(client) == str(review.id)
    assert Review.objects.get().by == cast.birch
    assert opened_next(client) == str(low.id)
    assert client.post("/moderation/next").headers["Location"] == "/moderation/"


def test_a_second_press_takes_no_second_review(cast: Cast, client: Client) -> None:
    review = second(decided(held(cast), cast.ash))
    build.post(build.WORRYING_POST)
    client.force_login(cast.birch)
    for _ in range(2):  # the answer to the first was never seen
        assert str(review.id) in client.post("/moderation/next").headers["Location"]
    assert not Flag.objects.filter(claimed_by=cast.birch).exists()


def test_what_was_passed_on_is_not_handed_out_again_and_stays_in_the_queue(cast: Cast, client: Client) -> None:
    review = second(decided(held(cast), cast.ash))
    client.force_login(cast.birch)
    client.post("/moderation/next")
    client.post(f"/moderation/flags/{review.id}/pass")
    assert client.post("/moderation/next").headers["Location"] == "/moderation/"
    assert rows(client) == [str(review.id)]
    client.post(f"/moderation/flags/{review.id}/decide", SAID)
    assert not review.passed_by.exists()


def test_nothing_but_what_is_urgent_comes_next_while_that_waits(cast: Cast, client: Client) -> None:
    second(decided(held(cast), cast.ash))
    urgent = Flag.objects.get(post=build.post(build.URGENT_POST))
    client.force_login(cast.birch)
    assert opened_next(client) == str(urgent.id)
    assert client.post("/moderation/next").headers["Location"] == "/moderation/"


# Rows and several at once


def test_filters_count_it_and_pages_show_it_once(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.queue.PAGE", 2)
    before = [Flag.objects.get(post=build.post(build.WORRYING_POST)) for _ in range(2)]
    review = golden_post(cast)
    Flag.objects.filter(id__in=[flag.id for flag in before]).update(level=0)
    after = Flag.objects.get(post=build.post(build.WORRYING_POST))
    Flag.objects.filter(id=after.id).update(level=0)
    client.force_login(cast.ash)
    page = client.get("/moderation/")
    assert (page.context["total"], page.context["shown"]) == (4, 4)
    first = rows(client)
    query = dict(pair.split("=") for pair in page.context["more_query"].split("&"))
    assert first == [str(flag.id) for flag in before]
    assert rows(client, **query) == [str(review.id), str(after.id)]
    assert rows(client, after=str(review.id)) == [str(after.id)]
    assert client.get("/moderation/", {"kind": "reply"}).context["shown"] == 0
    assert client.get("/moderation/", {"age": "hour", "language": "en"}).context["shown"] == 4
    assert rows(client, upto=str(review.id), kind="post")[:2] == first


def test_several_decided_together_may_have_one_among_them(cast: Cast, client: Client) -> None:
    review, low = golden_post(cast), Flag.objects.get(post=build.post(build.WORRYING_POST))
    client.force_login(cast.ash)
    page = client.get("/moderation/")
    chosen = [row["chosen_value"] for row in page.context["flags"] if row["together"]]
    assert len(chosen) == 2
    form = {"chosen": chosen, "outcome": "reject", "policy": "crisis", "reason": "The service writes to both."}
    answer = client.post("/moderation/together", form)
    assert [result["label"] for result in answer.context["results"]] == ["Decided", "Decided"]
    review.refresh_from_db()
    assert (review.outcome, review.same, review.by) == ("reject", False, cast.ash)
    assert Decision.objects.get().flag == low
    assert AuditEvent.objects.filter(action="review.decided", object_id=str(review.id)).count() == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"policy": ""}, 422),
        ({"outcome": "close", "closed_as": "fine"}, 422),
        ({"outcome": "edit", "edited_text": ""}, 422),
        ({"outcome": "escalate", "policy": ""}, 302),
    ],
)
def test_it_is_refused_what_a_flag_is_refused(cast: Cast, client: Client, said: dict[str, str], code: int) -> None:
    flag, review = held(cast), second(decided(held(cast), cast.ash))
    client.force_login(cast.birch)
    answers = [client.post(f"/moderation/flags/{one}/decide", SAID | said) for one in (flag.id, review.id)]
    assert [answer.status_code for answer in answers] == [code, code]
    if code == 422:
        assert answers[0].context["refusal"] == answers[1].context["refusal"]


def test_closing_it_otherwise_is_not_the_same(cast: Cast, client: Client) -> None:
    review = golden_post(cast)
    client.force_login(cast.ash)
    closed = {"outcome": "close", "policy": "crisis", "reason": "Somebody should ask.", "version": 1}
    answer = client.post(f"/moderation/flags/{review.id}/decide", closed | {"closed_as": "service"}, follow=True)
    review.refresh_from_db()
    assert (review.closed_as, review.same) == ("service", False)
    assert "Close (The service looks after the person who wrote)" in build.read(answer)
    assert GoldenItem.objects.get().closed_as == "fine"
