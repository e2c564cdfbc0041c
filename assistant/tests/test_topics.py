"""What a post is about by its wording, who leaves which topic to others, and that nobody in danger is hidden by it."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant import actions
from assistant.models import Draft, LeftOutTopic, Post, PostTopic
from assistant.safety import topics as vocabulary
from assistant.safety.spelling import load_spelling
from assistant.safety.topics import topics_in
from assistant.safety.types import Level
from webapp import test as build
from webapp.privacy import erase_post
from webapp.test import Cast, read

ABOUT = {
    "loss": [
        "My nan passed away in March and the house is so quiet.",
        "I still cry since he died.",
        "We lost our baby.",
    ],
    "self_harm": ["I keep cutting myself.", "i dont want to be here anymore", "My flatmate told me she is suicidal."],
    "violence": [
        "He hits me when he comes home.",
        "I can't sleep since he threatened me.",
        "They bully me on the bus.",
    ],
    "sexual_violence": ["I was sexually assaulted last year.", "Someone I trusted raped me."],
    "eating": ["I count calories all day.", "I hate my body and skip meals."],
    "substances": ["Two years sober and now I relapsed.", "It's hard that she is drinking again."],
    "family": ["My mum never calls.", "We broke up after six years."],
    "loneliness": ["I have no friends here.", "There is nobody to talk to."],
    "work": ["My boss shouts at everybody.", "I failed the exam again."],
    "health": ["She was diagnosed with dementia.", "The chemo starts on Monday."],
}
ABOUT_NOTHING = [
    "I am dying to see you, and killing it at chess.",
    "The weather is fine.",
    "This shirt does not fit.",
    "I lost my keys twice.",
    "A duck crossed the road.",
]


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in ABOUT.items() for text in texts])
def test_a_topic_is_found_by_its_wording(code: str, text: str) -> None:
    assert code in topics_in(text)


@pytest.mark.parametrize("text", ABOUT_NOTHING)
def test_words_that_only_look_like_a_topic_are_none(text: str) -> None:
    assert topics_in(text) == []


def test_wording_is_looked_for_in_english_alone_and_a_level_says_it_in_every_language() -> None:
    assert topics_in("My nan passed away.", language="de") == []
    assert topics_in("Ich kann nicht mehr.", language="de", level=Level.PASSIVE) == ["self_harm"]
    assert topics_in("My nan passed away.", language="en-GB") == ["loss"]


def test_every_topic_has_words_and_none_that_reading_undoes() -> None:
    table = tomllib.loads(vocabulary.WORDING.read_text(encoding="utf-8"))
    meant = load_spelling().meant
    assert set(vocabulary.topics()) == set(ABOUT)
    for entry in table["topic"]:
        words = " ".join(entry["phrases"]).translate(str.maketrans("()|*?", "     ")).split()
        assert words
        assert [word for word in words if meant.get(word, (word,)) != (word,)] == [], entry["code"]


# With a database


@pytest.fixture
def wren(cast: Cast, client: Client) -> Any:
    client.force_login(cast.wren)
    return cast.wren


def choose(client: Client, *codes: str) -> Any:
    return client.post("/care/topics", {"topics": list(codes)})


def about(topic: str, *, minutes_ago: int = 5, level: int = 0) -> Post:
    """A post that waits, of this topic alone."""
    row = build.post_of_level(level) if level else build.post()
    PostTopic.objects.filter(post=row).delete()
    PostTopic.objects.create(post=row, topic=topic)
    Post.objects.filter(id=row.id).update(received_at=timezone.now() - timedelta(minutes=minutes_ago))
    return row


@pytest.mark.django_db
def test_topics_are_kept_when_a_post_arrives_and_go_with_its_case() -> None:
    row = build.post("My nan passed away, and my boss gave me the day off.")
    assert set(row.topics.values_list("topic", flat=True)) == {"loss", "work"}
    erase_post(row)
    assert not PostTopic.objects.filter(post=row).exists()


@pytest.mark.django_db
def test_a_post_arrives_though_its_topics_cannot_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise OSError

    monkeypatch.setattr("assistant.actions.posts.topics_in", broken)
    assert Post.objects.get(id=build.post().id).status == "waiting"


@pytest.mark.django_db
def test_the_next_person_is_of_no_topic_that_was_left_out(wren: Any, client: Client, cast: Cast) -> None:
    grief, work = about("loss", minutes_ago=60), about("work")
    choose(client, "loss")
    client.post("/posts/next")
    assert Draft.objects.get().post == work
    assert actions.take_next_post(cast.robin).post == grief  # type: ignore[union-attr]


@pytest.mark.django_db
def test_choosing_again_takes_the_place_of_what_was_chosen(wren: Any, client: Client, cast: Cast) -> None:
    choose(client, "loss", "eating")
    choose(client, "work", "work")
    choose(client, "no such topic")
    assert list(LeftOutTopic.objects.values_list("by", "topic")) == [(wren.pk, "work")]
    assert "checked" in client.get("/care/").content.decode()
    choose(client)
    assert not LeftOutTopic.objects.exists()


@pytest.mark.django_db
def test_what_is_left_out_stays_reachable_folded_and_without_its_words(wren: Any, client: Client) -> None:
    row = about("loss")
    choose(client, "loss")
    page = client.get("/posts/")
    assert "Topics that you leave to others" in read(page)
    assert "1 post waits" in read(page)
    assert "Waiting longer than they should" not in read(page)
    assert "miss having somebody" not in read(page)
    client.post("/posts/next")
    assert not Draft.objects.exists()
    answer = client.post(f"/posts/{row.id}/take")
    assert "Topics that you leave to others" not in read(client.get("/posts/"))  # it is among the drafts now
    assert answer.headers["Location"] == f"/drafts/{Draft.objects.get(post=row).id}/"


@pytest.mark.django_db
@pytest.mark.parametrize(("level", "waited", "shown"), [(4, 6, True), (4, 3, False), (2, 31, True), (0, 5000, False)])
def test_one_that_waits_longer_than_its_level_allows_is_shown_all_the_same(
    wren: Any, client: Client, level: int, waited: int, shown: bool
) -> None:
    row = about("self_harm", minutes_ago=waited, level=level)
    choose(client, "self_harm")
    page = client.get("/posts/")
    assert ("Waiting longer than they should" in read(page)) == shown
    assert f"/posts/{row.id}/take" in page.content.decode()


@pytest.mark.django_db
def test_a_policy_that_cannot_be_read_shows_every_post_in_danger(
    wren: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.safety import policy

    def broken() -> None:
        raise policy.PolicyError("gone")

    about("self_harm", minutes_ago=1, level=1)
    choose(client, "self_harm")
    monkeypatch.setattr(policy, "current", broken)
    assert "Waiting longer than they should" in read(client.get("/posts/"))


@pytest.mark.django_db
def test_nobody_picks_a_post_by_its_id_that_they_do_not_leave_out(wren: Any, client: Client) -> None:
    row = about("work")
    assert client.post(f"/posts/{row.id}/take").status_code == 404
    choose(client, "work")
    Post.objects.filter(id=row.id).update(status="closed")
    assert client.post(f"/posts/{row.id}/take").status_code == 404


@pytest.mark.django_db
def test_of_two_who_answer_the_same_one_the_second_is_told(wren: Any, client: Client, cast: Cast) -> None:
    row = about("work")
    choose(client, "work")
    assert actions.take_next_post(cast.robin).post == row  # type: ignore[union-attr]
    assert client.post(f"/posts/{row.id}/take").status_code == 404  # leased: it waits for nobody else
    assert not Draft.objects.filter(author=wren).exists()
