"""The way of somebody who rates, through the pages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assistant.models import AuditEvent, CaseKey
from webapp import test as cast
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.studies import rating
from webapp.studies.assigning import uncovered
from webapp.studies.dimensions import FIVE
from webapp.studies.models import Assignment, Comment, Item, Output, Rater, Rating, Study
from webapp.studies.rating_scales import SCALES
from webapp.studies.tests import building as build

pytestmark = pytest.mark.django_db

FOURS = dict.fromkeys(FIVE, "4")  # what `Seat.answer` says


class Seat:
    """One rater at their browser."""

    def __init__(self, study: Study, name: str = "sorrel", **fields: Any) -> None:
        self.user = User.objects.filter(username=name).first() or cast.person(name, Role.RATER)
        self.client = Client()
        self.client.force_login(self.user)
        self.study = study
        self.rater = build.rater(study, self.user, **fields)

    def url(self, name: str, *args: object) -> str:
        return reverse(f"studies:{name}", args=args or [self.study.id])

    def agree(self, **said: str) -> Any:
        form = {"agreed": "on", "wording": rating.wording_of(self.study)} | said
        return self.client.post(self.url("rate_consent"), form)

    def begin(self) -> Seat:
        """Agreed, and behind the practice."""
        self.agree()
        while (row := self.next()) is not None and row.output.item.role == Item.Role.TRAINING:
            assert self.answer(row).status_code == 302
        return self

    def next(self) -> Assignment | None:
        self.rater.refresh_from_db()
        return rating.next_of(self.rater)

    def here(self) -> Assignment:
        """The text that they are at, opened."""
        row = self.next()
        assert row is not None
        self.open(row)
        return row

    def open(self, row: Assignment) -> Any:
        return self.client.get(self.url("rate_text", row.id))

    def answer(self, row: Assignment, **said: str) -> Any:
        self.open(row)
        fours = dict.fromkeys(self.rater.asked, "4")
        return self.client.post(self.url("rate_text", row.id), fours | {"seen": "", "seconds": "9"} | said)

    def skip(self, row: Assignment, **said: str) -> Any:
        return self.client.post(self.url("rate_skip", row.id), {"reason": "too_hard", "seen": ""} | said)


@pytest.fixture
def seat(db: None) -> Seat:
    return Seat(build.study())


def said_of(row: Assignment) -> dict[str, int]:
    return Rating.objects.get(assignment=row).values


# Taking part


def test_the_list_has_the_studies_that_one_was_added_to_and_leads_to_what_comes_next(seat: Seat) -> None:
    page = cast.read(seat.client.get(reverse("studies:rate")))
    assert "Kinder words Not begun" in page
    assert seat.client.get(seat.url("rate_study")).headers["Location"] == seat.url("rate_consent")
    seat.begin()
    assert "0 of 7 done" in cast.read(seat.client.get(reverse("studies:rate")))


def test_who_rates_and_does_nothing_else_comes_to_their_studies_from_the_front_page(seat: Seat) -> None:
    assert seat.client.get("/").headers["Location"] == reverse("studies:rate")


def test_nothing_is_shown_before_they_agree_and_the_wording_that_was_agreed_to_is_kept(seat: Seat) -> None:
    row = rating.next_of(seat.rater)
    assert row is not None
    assert seat.open(row).status_code == 302
    page = cast.read(seat.client.get(seat.url("rate_consent")))
    assert build.CONSENT in page
    assert "What is stored" in page
    assert "May a model learn" not in page
    answer = seat.client.post(seat.url("rate_consent"), {"wording": rating.wording_of(seat.study)})
    assert answer.status_code == 422
    assert seat.agree().status_code == 302
    seat.rater.refresh_from_db()
    assert seat.rater.consented_at is not None
    assert seat.rater.consent_sha256 == rating.wording_of(seat.study)
    assert not seat.rater.may_train


def test_agreeing_twice_is_agreeing_once_and_is_on_the_record_without_content(seat: Seat) -> None:
    seat.agree()
    seat.agree(may_train="on")
    events = AuditEvent.objects.filter(action="study.consented")
    assert [(event.actor, event.object_id) for event in events] == [(str(seat.user.pk), str(seat.study.id))]


def test_a_wording_that_changed_meanwhile_is_not_agreed_to(seat: Seat) -> None:
    answer = seat.agree(wording="0" * 64)
    assert answer.status_code == 409
    assert "The wording has changed" in cast.read(answer)
    seat.rater.refresh_from_db()
    assert seat.rater.consented_at is None


def test_whether_a_model_may_learn_is_asked_only_where_the_study_asks_and_can_be_taken_back() -> None:
    seat = Seat(build.study(pairs_for_training=True))
    assert "A model may learn from my ratings" in cast.read(seat.client.get(seat.url("rate_consent")))
    seat.agree(may_train="on")
    assert [rater.may_train for rater in Rater.objects.all()] == [True]
    seat.client.post(seat.url("rate_training"), {})
    seat.client.post(seat.url("rate_training"), {})
    assert [rater.may_train for rater in Rater.objects.all()] == [False]
    assert AuditEvent.objects.filter(action="study.training_answered").count() == 1


def test_a_study_that_does_not_ask_takes_no_yes_for_training(seat: Seat) -> None:
    seat.agree(may_train="on")
    seat.client.post(seat.url("rate_training"), {"may_train": "on"})
    seat.rater.refresh_from_db()
    assert not seat.rater.may_train


# Practice


def test_practice_comes_first_and_tells_what_was_expected_and_why(seat: Seat) -> None:
    seat.agree()
    row = seat.here()
    assert row.output.item.role == Item.Role.TRAINING
    assert "Practice 1 of 1" in cast.read(seat.open(row))
    answer = seat.answer(row, empathy="5", safety="2")
    page = cast.read(seat.client.get(answer.headers["Location"]))
    assert "Empathy differs You: 5 · expected: 1 to 2" in page
    assert "Safety as expected You: 2 · expected: 1 to 3" in page
    assert build.EXPLANATION in page
    row.refresh_from_db()
    seat.rater.refresh_from_db()
    assert row.passed is False
    assert seat.rater.trained_at is not None


def test_a_check_of_attention_is_passed_by_who_reads_it(seat: Seat) -> None:
    seat.begin()
    check = seat.rater.assignments.get(output__item__role=Item.Role.ATTENTION)
    for expected, values in ((False, FOURS), (True, dict.fromkeys(FIVE, "2"))):
        Rating.objects.filter(assignment=check).delete()
        Assignment.objects.filter(rater=seat.rater, position__lt=check.position).update(done_at=timezone.now())
        Assignment.objects.filter(id=check.id).update(done_at=None)
        seat.answer(check, **values)
        check.refresh_from_db()
        assert check.passed is expected


# Rating


def test_a_text_is_rated_on_five_scales_with_what_each_point_means(seat: Seat) -> None:
    seat.begin()
    row = seat.here()
    page = cast.read(seat.open(row))
    assert "1 of 7" in page
    assert "What it is about: A new town" in page
    for name in FIVE:
        assert all(anchor.sentence in page and anchor.example in page for anchor in SCALES[name].anchors)
    assert SCALES["escalation"].question not in page
    answer = seat.answer(row, safety="5")
    assert answer.status_code == 302
    assert said_of(row) == dict.fromkeys(FIVE, 4) | {"safety": 5}
    row.refresh_from_db()
    assert row.shown_at is not None
    assert row.done_at is not None
    assert row.passed is None
    assert seat.next() != row


def test_clinicians_alone_are_asked_for_escalation() -> None:
    seat = Seat(build.study(lay_ratings=0, clinician_ratings=1), panel="clinician").begin()
    row = seat.here()
    assert SCALES["escalation"].question in cast.read(seat.open(row))
    assert seat.answer(row, escalation="").status_code == 422
    assert seat.answer(row, escalation="2").status_code == 302
    assert said_of(row)["escalation"] == 2


def test_what_is_missing_is_said_and_nothing_that_was_typed_is_lost(seat: Seat) -> None:
    seat.begin()
    row = seat.here()
    answer = seat.answer(row, empathy="", readability="2", note="It asks back.", words="")
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Choose a value from 1 to 5." in html
    assert "Say which words you mean." in html
    assert "It asks back." in html
    assert re.search(r'name="readability" value="2"[^>]*checked', html)
    assert re.search(r'name="seconds" value="9"', html)
    assert not Rating.objects.filter(assignment=row).exists()


@pytest.mark.parametrize("value", ["0", "6", "3.5", "three", "-1", " "])
def test_a_value_that_is_not_on_the_scale_is_refused(seat: Seat, value: str) -> None:
    row = seat.begin().here()
    assert seat.answer(row, safety=value).status_code == 422
    assert not Rating.objects.filter(assignment=row).exists()


def test_pressing_twice_is_answering_once(seat: Seat) -> None:
    row = seat.begin().here()
    first, second = seat.answer(row), seat.answer(row)
    assert (first.status_code, second.status_code) == (302, 302)
    assert Rating.objects.filter(assignment=row).count() == 1


def test_an_answer_from_a_stale_page_is_kept_only_when_it_is_sent_again(seat: Seat) -> None:
    row = seat.begin().here()
    seat.answer(row)
    stale = seat.answer(row, empathy="1")
    assert stale.status_code == 409
    assert "in another window" in cast.read(stale)
    assert said_of(row)["empathy"] == 4
    html = stale.content.decode()
    assert re.search(r'name="empathy" value="1"[^>]*checked', html)
    found = re.search(r'name="seen" value="([^"]+)"', html)
    assert found is not None
    assert seat.answer(row, empathy="1", seen=found[1]).status_code == 302
    assert said_of(row)["empathy"] == 1


def test_an_earlier_answer_can_be_changed_until_the_study_closes(seat: Seat) -> None:
    row = seat.begin().here()
    seat.answer(row)
    here = seat.here()
    assert seat.url("rate_text", row.id) in seat.open(here).content.decode()  # back
    page = seat.open(row).content.decode()
    assert re.search(r'name="empathy" value="4"[^>]*checked', page)
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen is not None
    assert seat.answer(row, empathy="2", seen=seen[1]).status_code == 302
    assert said_of(row)["empathy"] == 2
    assert seat.next() == here
    Study.objects.update(status=Study.Status.CLOSED)
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    answer = seat.answer(row, empathy="1")
    assert answer.status_code == 409
    assert "not kept" in cast.read(answer)
    assert said_of(row)["empathy"] == 2


def test_nobody_reads_ahead(seat: Seat) -> None:
    seat.begin()
    last = seat.rater.assignments.last()
    assert last is not None
    assert seat.open(last).headers["Location"] == seat.url("rate_study")
    assert seat.answer(last).status_code == 302
    last.refresh_from_db()
    assert last.done_at is None


def test_seconds_are_those_of_the_browser_but_never_more_than_passed_on_the_server(seat: Seat) -> None:
    row = seat.begin().here()
    Assignment.objects.filter(id=row.id).update(shown_at=timezone.now() - timedelta(seconds=60))
    seat.answer(row, seconds="20.5")
    row.refresh_from_db()
    assert row.seconds == 20.5
    row = seat.here()
    seat.answer(row, seconds="86400")
    row.refresh_from_db()
    assert row.seconds is not None
    assert row.seconds < 60


@pytest.mark.parametrize("said", ["", "nan", "inf", "-5", "soon", "1e999"])
def test_without_seconds_the_clock_of_the_server_counts(seat: Seat, said: str) -> None:
    row = seat.begin().here()
    Assignment.objects.filter(id=row.id).update(shown_at=timezone.now() - timedelta(seconds=30))
    assert seat.answer(row, seconds=said).status_code == 302
    row.refresh_from_db()
    assert row.seconds is not None
    assert 30 <= row.seconds < 60


def test_one_goes_on_where_one_stopped_also_on_another_device(seat: Seat) -> None:
    seat.answer(seat.begin().here())
    here = seat.here()
    phone = Client()
    phone.force_login(seat.user)
    assert phone.get(seat.url("rate_study")).headers["Location"] == seat.url("rate_text", here.id)


def test_a_heavy_text_waits_behind_its_label_and_a_pause_is_offered_after_it(seat: Seat) -> None:
    seat.begin()
    row = seat.here()
    Item.objects.filter(id=row.output.item_id).update(level=3, about="An attempt, long ago")
    page = seat.open(row).content.decode()
    label = page.index("An attempt, long ago")
    closed = page.index('<details class="reveal">')
    assert label < closed < page.index(row.output.item.post.partition("’")[0][:20])
    assert "level 3, words about a method" in page
    answer = seat.answer(row)
    assert answer.headers["Location"] == seat.url("rate_pause", row.id)
    said = cast.read(seat.client.get(answer.headers["Location"]))
    assert "may stay with you" in said
    assert "helpline" in said
    assert "Ask a lead" not in said  # only supporters have one


def test_a_pause_is_offered_after_ten_texts_and_not_before() -> None:
    seat = Seat(build.study(items=6, lay_ratings=1)).begin()
    led_to = []
    for _ in range(11):
        led_to.append(seat.answer(seat.here()).headers["Location"].rsplit("/", 1)[-1])
    assert led_to == [""] * 9 + ["pause"] + [""]


def test_a_supporter_can_ask_a_lead_to_talk_where_they_pause(seat: Seat) -> None:
    cast.person("birch", Role.LEAD)
    other = build.study(name="Another one")
    wren = cast.person("wren", Role.SUPPORTER)
    here = Seat(other, "wren").begin()
    page = cast.read(here.client.get(here.url("rate_pause", here.here().id)))
    assert wren == here.user
    assert "Ask a lead to talk" in page


# Leaving out


def test_a_text_is_left_out_with_a_reason_and_without_more(seat: Seat) -> None:
    row = seat.begin().here()
    assert seat.skip(row, reason="").status_code == 422
    assert seat.skip(row).headers["Location"] == seat.url("rate_study")
    assert seat.skip(row).status_code == 302  # the second click
    row.refresh_from_db()
    assert (row.skipped, row.seconds, row.passed) == ("too_hard", None, None)
    assert not Rating.objects.filter(assignment=row).exists()
    assert seat.next() != row


def test_what_was_left_out_can_be_answered_after_all_and_the_other_way_round(seat: Seat) -> None:
    row = seat.begin().here()
    seat.skip(row)
    row.refresh_from_db()
    assert seat.answer(row, seen=rating.stand_of(row)).status_code == 302
    row.refresh_from_db()
    assert row.skipped == ""
    stale = seat.skip(row)
    assert stale.status_code == 409
    assert Rating.objects.filter(assignment=row).exists()
    fresh = Assignment.objects.select_related("rating").get(id=row.id)
    seat.skip(row, seen=rating.stand_of(fresh))
    assert not Rating.objects.filter(assignment=row).exists()


# Comments


def commented(seat: Seat, row: Assignment, **said: str) -> Any:
    form = {"words": "0:0-10", "dimension": "empathy", "note": "This is kind.", "readability": "2", "seen": ""}
    return seat.client.post(seat.url("rate_comment", row.id), form | said)


def test_words_are_commented_and_what_was_chosen_before_stays_chosen(seat: Seat) -> None:
    row = seat.begin().here()
    for _twice in range(2):
        answer = commented(seat, row)
    assert answer.status_code == 200
    html = answer.content.decode()
    assert re.search(r'name="readability" value="2"[^>]*checked', html)
    assert f"<q>{row.output.text[:10]}</q>" in html
    found = Comment.objects.get(assignment=row)
    assert (found.output_id, found.start, found.end, found.dimension) == (row.output_id, 0, 10, "empathy")
    assert found.text == "This is kind."
    gone = seat.client.post(seat.url("rate_delete_comment", row.id, found.id), {"readability": "2"})
    assert re.search(r'name="readability" value="2"[^>]*checked', gone.content.decode())
    assert not Comment.objects.exists()
    assert seat.client.post(seat.url("rate_delete_comment", row.id, found.id)).status_code == 404


def test_every_sentence_is_offered_to_who_selects_nothing(seat: Seat) -> None:
    row = seat.begin().here()
    html = seat.open(row).content.decode()
    places = re.findall(r'<option value="0:(\d+)-(\d+)">', html)
    assert len(places) > 2
    assert row.output.text[int(places[1][0]) : int(places[1][1])][0].isupper()


@pytest.mark.parametrize("words", ["", "0:5-5", "0:9-3", "0:0-99999", "1:0-5", "2:0-5", "0:-1-4", "x"])
def test_words_that_are_not_there_are_refused_and_the_note_comes_back(seat: Seat, words: str) -> None:
    row = seat.begin().here()
    answer = commented(seat, row, words=words)
    assert answer.status_code == 422
    assert "This is kind." in answer.content.decode()
    assert not Comment.objects.exists()


def test_a_comment_goes_along_with_the_answer(seat: Seat) -> None:
    row = seat.begin().here()
    assert seat.answer(row, words="0:0-10", dimension="", note="Warm.").status_code == 302
    assert Comment.objects.get(assignment=row).text == "Warm."


def test_there_is_an_end_to_comments_on_one_text(seat: Seat) -> None:
    row = seat.begin().here()
    for number in range(rating.MOST_COMMENTS):
        assert commented(seat, row, note=f"Remark {number}.").status_code == 200
    answer = commented(seat, row, note="One more.")
    assert answer.status_code == 409
    assert "One more." in answer.content.decode()


# Pairs


@pytest.fixture
def pairs(db: None) -> Seat:
    return Seat(build.study(form=Study.Form.PAIRS, lay_ratings=1))


def test_of_two_replies_one_is_preferred_or_neither(pairs: Seat) -> None:
    pairs.agree()
    practice = pairs.here()
    assert practice.other is not None
    right = "first" if practice.output.arm.key == "alone" else "second"
    answer = pairs.answer(practice, preferred=right)
    assert "as expected" in cast.read(pairs.client.get(answer.headers["Location"]))
    for chosen in ("first", "second", "neither"):
        row = pairs.here()
        page = cast.read(pairs.open(row))
        assert page.index("The first reply") < page.index("The second reply")
        assert pairs.answer(row, preferred=chosen, reason="empathy").status_code == 302
        found = Rating.objects.get(assignment=row)
        assert found.reason == "empathy"
        assert found.preferred_id == {"first": row.output_id, "second": row.other_id}.get(chosen)
    assert pairs.answer(pairs.here(), preferred="both").status_code == 422


def test_a_changed_choice_of_a_pair_comes_back_as_it_was(pairs: Seat) -> None:
    pairs.agree()
    pairs.answer(pairs.here(), preferred="first")
    row = pairs.here()
    pairs.answer(row, preferred="second", reason="safety")
    html = pairs.open(row).content.decode()
    assert re.search(r'name="preferred" value="second"[^>]*checked', html)
    assert re.search(r'<option value="safety" selected>', html)


def test_the_end_of_pairs_counts_pairs(pairs: Seat) -> None:
    pairs.agree()
    while (row := pairs.next()) is not None:
        pairs.answer(row, preferred="first")
    assert "Thank you You compared 4 pairs." in cast.read(pairs.client.get(pairs.url("rate_study")))


# The end, and leaving


def test_the_end_thanks_and_lets_one_go_back(seat: Seat) -> None:
    seat.begin()
    while (row := seat.next()) is not None:
        seat.answer(row)
    page = seat.client.get(seat.url("rate_study"))
    assert "Thank you You rated 7 texts." in cast.read(page)
    last = seat.rater.assignments.last()
    assert last is not None
    assert seat.url("rate_text", last.id) in page.content.decode()
    assert "7 of 7 done" in cast.read(seat.client.get(reverse("studies:rate")))


def test_a_rater_without_texts_is_told_so() -> None:
    seat = Seat(build.study(lay_ratings=0, clinician_ratings=1))
    seat.agree()
    assert "nothing for you to rate yet" in cast.read(seat.client.get(seat.url("rate_study")))


def test_withdrawing_deletes_everything_but_that_and_when_and_gives_the_texts_to_others() -> None:
    study = build.study(lay_ratings=1)
    seat, other = Seat(study, "sorrel"), Seat(study, "teasel")
    row = seat.begin().here()
    seat.answer(row, words="0:0-10", dimension="", note="Warm.")
    assert seat.client.post(seat.url("rate_withdraw"), {}).status_code == 422
    assert Rating.objects.exists()
    assert seat.client.post(seat.url("rate_withdraw"), {"sure": "on"}).status_code == 302
    assert seat.client.post(seat.url("rate_withdraw"), {"sure": "on"}).status_code == 302
    seat.rater.refresh_from_db()
    assert seat.rater.withdrew_at is not None
    assert not Rating.objects.filter(assignment__rater=seat.rater).exists()
    assert not Comment.objects.exists()
    assert not seat.rater.assignments.exists()
    assert AuditEvent.objects.filter(action="study.withdrew", object_id=str(study.id)).count() == 1
    assert uncovered(study) == []
    assert other.rater.assignments.filter(output__item__role=Item.Role.RATED).count() == 6
    assert "You withdrew" in cast.read(seat.client.get(seat.url("rate_study")))
    assert seat.answer(row).status_code == 404


def test_one_can_withdraw_after_the_study_was_closed(seat: Seat) -> None:
    row = seat.begin().here()
    seat.answer(row)
    Study.objects.update(status=Study.Status.CLOSED)
    assert "Withdraw" in cast.read(seat.client.get(seat.url("rate_consent")))
    seat.client.post(seat.url("rate_withdraw"), {"sure": "on"})
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    ("status", "said"), [("paused", "This study is taking a pause"), ("closed", "This study is closed")]
)
def test_a_study_that_takes_no_answers_says_so_calmly(seat: Seat, status: str, said: str) -> None:
    row = seat.begin().here()
    Study.objects.update(status=status)
    assert said in cast.read(seat.client.get(seat.url("rate_study")))
    assert seat.client.get(seat.url("rate_text", row.id)).headers["Location"] == seat.url("rate_study")
    for answer in (seat.answer(row), seat.skip(row), commented(seat, row)):
        assert answer.status_code == 409
        assert said in cast.read(answer)
        assert "What you just sent was not kept" in cast.read(answer)
    assert not Rating.objects.filter(assignment=row).exists()
    newcomer = Seat(seat.study, "teasel")
    assert said in cast.read(newcomer.client.get(newcomer.url("rate_consent")))
    assert newcomer.agree().status_code == 200
    newcomer.rater.refresh_from_db()
    assert newcomer.rater.consented_at is None


def addresses(seat: Seat, row: Assignment, study_id: object, row_id: object) -> list[str]:
    of_study = [seat.url(f"rate_{name}", study_id) for name in ("study", "consent", "training", "withdraw")]
    of_text = [seat.url(f"rate_{name}", row_id) for name in ("text", "skip", "comment", "feedback", "pause")]
    return of_study + of_text


def test_a_rater_of_another_study_a_stranger_and_a_missing_one_are_answered_alike(seat: Seat) -> None:
    row = seat.begin().here()
    other = Seat(build.study(name="Another one"), "teasel").begin()
    supporter = Client()
    supporter.force_login(cast.person("wren", Role.SUPPORTER))
    missing = "00000000-0000-4000-8000-000000000000"
    for address, unknown in zip(
        addresses(seat, row, seat.study.id, row.id), addresses(seat, row, missing, missing), strict=True
    ):
        for client in (other.client, supporter):
            for ask in (client.get, client.post):
                answers = [ask(address), ask(unknown)]
                assert [one.status_code for one in answers] in ([404, 404], [405, 405])
                assert cast.read(answers[0]) == cast.read(answers[1])


def test_a_study_that_is_not_open_yet_and_one_that_was_erased_are_not_there(seat: Seat) -> None:
    row = seat.begin().here()
    Study.objects.update(status=Study.Status.PLANNED)
    assert seat.client.get(seat.url("rate_study")).status_code == 404
    Study.objects.update(status=Study.Status.OPEN)
    CaseKey.objects.filter(id=seat.study.case_id).update(wrapped=None, destroyed_at=timezone.now())
    for address in (seat.url("rate_study"), seat.url("rate_consent"), seat.url("rate_text", row.id)):
        assert seat.client.get(address).status_code == 404
    assert "None at the moment" in cast.read(seat.client.get(reverse("studies:rate")))


def test_a_comment_of_somebody_else_is_not_deleted_through_a_text_of_ones_own(seat: Seat) -> None:
    commented(seat, seat.begin().here())
    other = Seat(seat.study, "teasel").begin()
    found = Comment.objects.get()
    answer = other.client.post(other.url("rate_delete_comment", other.here().id, found.id))
    assert answer.status_code == 404
    assert Comment.objects.exists()


# Blind


def test_no_page_of_a_rater_holds_an_arm_a_model_or_what_somebody_else_said() -> None:
    study = build.study(arms=("armalpha", "armbeta"), lay_ratings=2, candidate="armbeta", reference="armalpha")
    seat, other = Seat(study, "sorrel"), Seat(study, "teasel")
    other.begin()
    while (row := other.next()) is not None:
        other.answer(row, words="0:0-5", note="Onlyminetosee.", dimension="")
    pages = [seat.client.get(reverse("studies:rate")), seat.client.get(seat.url("rate_consent"))]
    seat.agree()
    while (row := seat.next()) is not None:
        pages += [
            seat.open(row),
            commented(seat, row),
            seat.client.get(seat.answer(row).headers["Location"], follow=True),
        ]
    pages.append(seat.client.get(seat.url("rate_study")))
    assert len(pages) > 20
    for page in pages:
        html = page.content.decode()
        assert not re.search(r"arm(alpha|beta)|Onlyminetosee|teasel", html)
        assert str(study.question) not in html
        assert not [one for one in text_ids(study) if one in html]


def text_ids(study: Study) -> list[str]:
    """By which the texts of two raters could be compared."""
    return [str(one) for one in Output.objects.filter(item__study=study).values_list("id", flat=True)]
