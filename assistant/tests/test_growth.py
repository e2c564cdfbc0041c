"""Numbers of what was sent, for its writer alone, and feedback on drafts as they were before help was asked for."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from assistant import actions, growth, growth_page, retention
from assistant.charts import HEIGHT, chart
from assistant.growth import Band, Changes, Numbers, habits
from assistant.language.manner import BORDERS, Manner, manner_of
from assistant.meters import Mechanism, mechanisms_in
from assistant.models import AuditEvent, Draft, HelpChoice, Post, Reply, ReplyNumbers
from assistant.retention import delete_old_numbers, erase_case
from assistant.tests.sent import COLD, OFFERED, PLAIN, WARM, decide, made, numbers, page, send, send_head
from moderation.models import Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.test import Cast, read

pytestmark = pytest.mark.django_db
PAGE = "/my-writing/"


# What is kept


def test_a_reply_without_help_keeps_its_numbers_and_no_words(cast: Cast) -> None:
    kept = numbers(send(cast.wren))
    assert (kept.own_share, kept.asked, kept.own, kept.sent) == (100, False, frozenset(Mechanism), frozenset(Mechanism))
    assert kept.grade is not None
    assert not kept.kinds
    stored = json.loads(kept.to_json())
    assert not [one for one in re.findall(r"\w+", WARM) if len(one) > 3 and one in json.dumps(stored)]


def test_the_own_draft_is_the_one_before_help_was_first_asked_for(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    suggestion = build.suggestion(build.draft(cast.wren, text=PLAIN), OFFERED)
    decide(client, suggestion, 2, "accepted", base=1)
    kept = numbers(send_head(cast.wren))
    assert kept.asked
    assert kept.own == frozenset()
    assert kept.sent == frozenset({Mechanism.EXPLORATIONS})
    assert kept.own_share < 100


def test_what_became_of_changes_is_counted_by_reason(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    text = "I read it twice. The library has a room. It opens at nine in the morning every day."
    offered = "I read it twice. There is a room in it. It opens at nine in the morning. What is it like at home now?"
    suggestion = build.suggestion(build.draft(cast.wren, text=text), offered)
    decide(client, suggestion, 1, "unhelpful", base=1, text=text, reason="voice")
    decide(client, suggestion, 3, "accepted", base=1, text=text)
    draft = Draft.objects.get()
    head = build.head_of(draft)
    own = head.text.replace("It opens at nine in the morning every day.", "From nine until late.")
    head, _ = actions.save_revision(draft, text=own, base=head.number)
    kept = numbers(actions.send_reply(draft, by=cast.wren, revision=head))
    assert kept.kinds["explorations"] == Changes(offered=1, used=1)
    assert kept.kinds["wording"] == Changes(offered=1, unhelpful=1)
    assert kept.kinds["shorter"] == Changes(offered=1, rewritten=1)
    assert kept.changes == Changes(offered=3, used=1, unhelpful=1, rewritten=1)


def test_what_the_safety_layer_said_is_counted_without_saying_what(cast: Cast) -> None:
    draft = build.draft(cast.wren, text="I read it twice. You are overreacting, others have it worse.")
    build.suggestion(draft, "I read it twice. That sounds exhausting.")
    head, _ = actions.save_revision(draft, text="I read it twice. That sounds exhausting.", base=1)
    kept = numbers(actions.send_reply(draft, by=cast.wren, revision=head))
    assert list(kept.kinds) == [growth.SAFETY]
    assert not kept.stood_alone


def test_a_kind_that_was_stopped_was_not_offered(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    suggestion = build.suggestion(build.draft(cast.wren, text=PLAIN), OFFERED)
    client.post(f"/suggestions/{suggestion.id}/changes/2/stop")
    kept = numbers(send_head(cast.wren))
    assert list(kept.kinds) == ["wording"]


def test_in_another_language_wording_is_not_looked_for(cast: Cast) -> None:
    draft = build.draft(cast.wren)
    Post.objects.update(language="de")
    draft = Draft.objects.select_related("case", "post__case").get(id=draft.id)
    kept = numbers(actions.send_reply(draft, by=cast.wren, revision=build.head_of(draft)))
    assert (kept.own, kept.sent, kept.grade) == (None, None, None)


def test_a_reply_that_is_sent_again_counts_once_as_it_was_sent_last(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    held = send(cast.wren, text=build.HURTFUL_REPLY)
    assert held.status == Reply.Status.HELD
    client.post(f"/replies/{held.id}/take-back")
    client.post(f"/drafts/{held.draft_id}/send", {"text": WARM, "base": 1})
    assert numbers(held).sent == frozenset(Mechanism)


def test_what_cannot_be_counted_is_sent_all_the_same(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_text: str) -> None:
        ReplyNumbers.objects.create(numbers="{}")  # a database error, which would spoil the transaction around it

    monkeypatch.setattr("assistant.meters.mechanisms_in", breaks)
    reply = send(cast.wren)
    assert Reply.objects.get().status == reply.status == Reply.Status.SENT
    assert not ReplyNumbers.objects.exists()
    assert AuditEvent.objects.filter(action="reply.sent").exists()


def test_it_is_written_with_the_reply_or_not_at_all(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    draft = build.draft(cast.wren)
    Post.objects.update(status="closed")
    client.post(f"/drafts/{draft.id}/send", {"text": WARM, "base": 1})
    assert not ReplyNumbers.objects.exists()


def test_in_the_database_the_numbers_are_sealed_and_go_with_the_case(cast: Cast) -> None:
    reply = send(cast.wren)
    row = ReplyNumbers.objects.get()
    assert isinstance(row.__dict__["numbers"], bytes)
    assert b"own_share" not in row.__dict__["numbers"]
    erase_case(reply.draft.post, by=None)
    assert not ReplyNumbers.objects.exists()


def test_they_go_after_a_year_and_with_the_account(cast: Cast) -> None:
    old, fresh, closed = send(cast.wren), send(cast.wren), send(cast.robin)
    long_ago = timezone.now() - retention.NUMBERS_LIVE - timedelta(hours=1)
    ReplyNumbers.objects.filter(draft=old.draft).update(at=long_ago)
    User.objects.filter(pk=closed.draft.author_id).update(is_active=False)
    assert delete_old_numbers() == 2
    assert ReplyNumbers.objects.get().draft == fresh.draft


def test_who_switched_it_off_is_not_counted(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    send(cast.wren)
    assert "Nothing is counted any more" in read(client.post("/my-writing/counting", {}, follow=True))
    send(cast.wren)
    assert ReplyNumbers.objects.count() == 1
    client.post("/my-writing/counting", {"counts": "on"})
    send(cast.wren)
    assert ReplyNumbers.objects.count() == 2


def test_who_deletes_them_deletes_their_own_alone_and_the_second_click_does_no_harm(cast: Cast, client: Client) -> None:
    send(cast.wren)
    kept = send(cast.robin)
    client.force_login(cast.wren)
    for _ in range(2):
        client.post("/my-writing/delete")
    assert ReplyNumbers.objects.get().draft == kept.draft
    assert Reply.objects.count() == 2


def test_they_can_be_taken_away_as_a_file(cast: Cast, client: Client) -> None:
    send(cast.wren)
    send(cast.robin)
    client.force_login(cast.wren)
    answer = client.get("/my-writing/numbers.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert [row["own_share"] for row in answer.json()["replies"]] == [100]


COUNTS = st.builds(Changes, *[st.integers(0, 99)] * 5)
FOUND = st.none() | st.frozensets(st.sampled_from(Mechanism))


@given(
    st.builds(
        Numbers,
        own_share=st.integers(0, 100),
        asked=st.booleans(),
        own=FOUND,
        sent=FOUND,
        grade=st.none() | st.floats(-5, 30),
        kinds=st.dictionaries(st.sampled_from(["wording", "safety", "none"]), COUNTS),
        manner=st.none() | st.builds(Manner, *[st.none() | st.floats(0, 40)] * 5),
    )
)
def test_numbers_come_back_as_they_were_stored(kept: Numbers) -> None:
    assert Numbers.from_json(kept.to_json()) == kept


# Whose page it is


def test_nobody_else_sees_it_whatever_their_role(cast: Cast, client: Client) -> None:
    """With every role at once, and on every page that another person can open."""
    send(cast.wren)
    everything = build.person("keeper", *Role)
    client.force_login(everything)
    assert "Nothing was counted yet" in page(client)
    assert client.get("/my-writing/numbers.json").json()["replies"] == []
    for wanted in (f"?person={cast.wren.pk}", f"?by={cast.wren.pk}", f"?user={cast.wren.username}"):
        assert "Nothing was counted yet" in page(client, wanted)
    assert client.get(f"{PAGE}{cast.wren.pk}/").status_code == 404


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.CLINICIAN, Role.RESEARCHER, Role.ADMIN, Role.AUDITOR])
def test_who_does_not_write_has_no_such_page(role: Role, client: Client) -> None:
    client.force_login(build.person("keeper", role))
    for name in ("growth", "numbers"):
        assert client.get(reverse(f"assistant:{name}")).status_code == 403


def test_no_address_about_it_takes_a_person() -> None:
    for name in ("growth", "numbers", "choose_help", "switch_numbers", "delete_numbers"):
        assert reverse(f"assistant:{name}").startswith(PAGE)  # without an argument


def test_the_audit_log_which_others_read_holds_nothing_of_it(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    client.post("/my-writing/help", {"level": "hints"})
    client.post("/my-writing/counting", {})
    client.post("/my-writing/delete")
    assert not AuditEvent.objects.exists()


def test_the_pages_of_leads_and_admins_are_the_same_with_it_and_without(cast: Cast, client: Client) -> None:
    held = send(cast.wren, text=build.HURTFUL_REPLY)
    HelpChoice.objects.create(by=cast.wren, level="hints")
    client.force_login(build.person("keeper", *Role))
    flag = Flag.objects.get(reply=held)
    addresses = ["/people/", "/moderation/", f"/moderation/flags/{flag.id}/", "/posts/", "/replies/"]
    with_it = [read(client.get(address)) for address in addresses]
    ReplyNumbers.objects.all().delete()
    HelpChoice.objects.all().delete()
    assert with_it == [read(client.get(address)) for address in addresses]


def test_the_lead_sees_the_own_page_and_not_that_of_a_supporter(cast: Cast, client: Client) -> None:
    send(cast.wren)
    client.force_login(cast.birch)
    assert "Nothing was counted yet" in page(client)


# The page


def test_it_says_what_own_drafts_usually_hold_and_seldom_hold(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    for _ in range(4):
        send(cast.wren, text="I am so sorry. I read it twice.")
    assert "When you have sent 5 replies" in page(client)
    send(cast.wren, text="I am so sorry. I read it twice.")
    said = page(client)
    assert "Your own drafts usually say what moves you about it. 5 of the last 5" in said
    assert "Your own drafts seldom ask about more of it. 0 of the last 5" in said
    assert (said.count("Another way to say it:"), said.count("One way to say it:")) == (2, 1)


@pytest.mark.parametrize(
    ("held", "band"),
    [(10, Band.USUALLY), (7, Band.USUALLY), (6, Band.SOMETIMES), (4, Band.SOMETIMES), (3, Band.SELDOM)],
)
def test_a_habit_has_its_band(held: int, band: Band) -> None:
    rows = [made(own=frozenset())] * 9 + [made()] * held + [made(own=frozenset())] * (10 - held)
    assert {one.band for one in habits(rows)} == {band}


@pytest.mark.parametrize("mechanism", Mechanism)
def test_every_way_to_say_it_is_found_under_its_heading(mechanism: Mechanism) -> None:
    ways = growth_page._wordings()[mechanism]["ways"]
    assert len(ways) > 2
    assert [way for way in ways if mechanism not in mechanisms_in(way)] == []


def test_every_chart_has_its_sentence_and_its_table(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    suggestion = build.suggestion(build.draft(cast.wren, text=PLAIN), OFFERED)
    decide(client, suggestion, 2, "accepted", base=1)
    send_head(cast.wren)
    send(cast.wren)
    for query in ("", "?by=month"):
        html = client.get(PAGE + query).content.decode()
        charts = re.findall(r'<figure class="chart">.*?</figure>', html, re.DOTALL)
        assert len(charts) == 8 + 5
        for one in charts:
            assert "<table>" in one
            label = re.findall(r'aria-labelledby="([\w-]+) ([\w-]+)"', one)[0]
            assert all(f'id="{part}"' in one for part in label)
        assert "style=" not in html
    said = page(client)
    assert "1 of these 2 replies were written without asking." in said
    assert "Of 2 suggested changes you used 1." in said
    assert "Found in 1 of 2 drafts as they were before you asked for help, and in 2 of 2 replies" in said
    assert "Asks about more of it. 1 1 0 0 0" in said
    assert "1 of 2" in page(client, "?by=month")


def test_months_are_put_together(cast: Cast, client: Client) -> None:
    for months in (0, 0, 1):
        reply = send(cast.wren)
        ReplyNumbers.objects.filter(draft=reply.draft).update(at=timezone.now() - timedelta(days=31 * months))
    client.force_login(cast.wren)
    html = client.get(f"{PAGE}?by=month").content.decode()
    assert len(re.findall(r'<th scope="row">\w+ 20\d\d</th>', html)) == 2 * (8 + 5)


def test_it_shows_the_last_replies_and_says_how_many(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth_page, "LAST", 2)
    for _ in range(3):
        send(cast.wren)
    client.force_login(cast.wren)
    assert "2 of these 2 replies" in page(client)


def test_an_empty_page_says_what_will_be_there(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    said = page(client)
    assert "When you send a reply, its numbers appear here." in said
    assert "How my writing goes" in read(client.get("/posts/"))


def test_of_nothing_there_is_a_mark_and_of_what_is_not_known_none() -> None:
    drawn = chart(
        "x", "X", "x", heights=[0.0, None, 1.0], columns={"A": ["a", "b", "c"]}, slots=3, outlines=[0.0, None, 1]
    )
    assert [bar.height > 0 for bar in drawn.bars] == [True, True]
    assert drawn.bars[-1].height == HEIGHT
    assert [bar.x for bar in drawn.outlines] == [drawn.bars[-1].x + 0.5]


# How replies read


def test_how_a_reply_is_written_is_five_numbers() -> None:
    told = manner_of(
        "I am sorry about your zebra. Where did you see it last?", post="My zebra ran away in the rain.", language="en"
    )
    # 6 and 6 words; one of two asks; "your", "you" beside "I"; "zebra", "see", "last" beside "zebra", "ran", "rain"
    assert told is not None
    assert (told.words_a_sentence, told.asking, told.about_them) == (6.0, 0.5, 0.67)
    assert told.small_words is None  # the post has seven words
    assert told.taken_up is not None
    assert 0.2 < told.taken_up < 0.4


@pytest.mark.parametrize(("text", "language"), [("Lo siento mucho. ¿Qué pasó?", "es"), ("…", "en"), ("😀", "en")])
def test_what_is_not_english_or_no_word_has_no_manner(text: str, language: str) -> None:
    assert manner_of(text, post="A post.", language=language) is None


@pytest.mark.parametrize("name", BORDERS)
def test_a_number_at_a_border_is_in_the_band_above(name: str) -> None:
    low, high = BORDERS[name]
    bands = [
        Manner(**{one: value if one == name else None for one in BORDERS}).band(name)
        for value in (0.0, low, high - 1e-6, high)
    ]
    assert bands == [0, 1, 1, 2]
    assert Manner(None, None, None, None, None).band(name) is None


def test_the_section_tells_bands_and_no_number_to_chase(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    assert "When you send a reply in English, it says here how it is written" in page(client)
    send(cast.wren)
    send(cast.wren, text=COLD)
    said = page(client)
    assert "How what you sent is written, not how well." in said
    assert "How long your sentences are Most often: short (2 of 2)." in said
    assert "How much you ask Most often: nothing (1 of 2)." in said  # as common as the other: the last counts
    assert "up to a third" in said
    assert "Mostly" in page(client, "?by=month")
    assert numbers(Reply.objects.select_related("draft").latest("sent_at")).manner is not None


def test_replies_from_before_it_was_counted_still_show(cast: Cast, client: Client) -> None:
    for _ in range(2):
        reply = send(cast.wren)
    row = ReplyNumbers.objects.select_related("case").get(draft=reply.draft)
    stored = json.loads(row.numbers)
    del stored["manner"]
    row.numbers = json.dumps(stored)
    row.save()
    client.force_login(cast.wren)
    said = page(client)
    assert "Most often: short (1 of 1)." in said
    assert "2 of these 2 replies were written without asking." in said
    ReplyNumbers.objects.exclude(pk=row.pk).delete()
    assert "Replies from before this was counted have no such numbers." in page(client)


def test_who_switched_counting_off_is_promised_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    client.post("/my-writing/counting", {})
    assert "How your replies read" not in page(client).replace("the five of “How your replies read”", "")
