"""Whose words: shown while writing, bounded when sending, told to the reader, and read before they are used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import actions, attention, provenance
from assistant.models import ChangeVerdict, Draft, ModelVersion, Reply, Suggestion
from assistant.screens.whose import whose_words
from webapp import test as build
from webapp.test import Cast, read

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
OWN = "I read what you wrote twice. Nights like these are long."
OFFERED = (
    "I read what you wrote twice. Nights like these are long. What would help you to get through the next one, even a little, "
    "and who could sit with you for an hour of it?"
)
PASTED = "The walk-in place in the old library is open on Tuesdays, and nobody asks for a name."


def save(client: Client, draft: Draft, text: str, *, base: int = 1, pasted: list[str] | None = None) -> Any:
    fields = {"text": text, "base": base, "pasted": pasted or []}
    return client.post(f"/drafts/{draft.id}/save", fields, headers=JSON).json()


def use_all(client: Client, suggestion: Suggestion) -> str:
    """The draft with every offered change used."""
    change = next(one for one in actions.changes_of(suggestion) if one.kind != "keep")
    form = {"text": suggestion.job.original + change.after, "base": 1, "verdict": "accepted"}
    answer = client.post(f"/suggestions/{suggestion.id}/changes/{change.index}", form, headers=JSON)
    assert answer.status_code == 200, answer.content
    return build.head_of(Draft.objects.get(id=suggestion.job.draft_id)).text


def html(answer: Any) -> str:
    return str(answer.content.decode())


def send(client: Client, draft: Draft, text: str, base: int) -> Any:
    return client.post(f"/drafts/{draft.id}/send", {"text": text, "base": base}, follow=True)


def test_each_kind_of_word_is_told_while_writing(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=OWN)
    client.force_login(cast.wren)
    told = save(client, draft, f"{OWN} {PASTED}", pasted=[PASTED])["whose"]
    assert [part["whose"] for part in told["parts"]] == ["typed", "pasted"]
    assert sum(part["percent"] for part in told["parts"]) == 100
    assert told["words"] == f"{told['own']} % typed by you · {100 - told['own']} % pasted"


def test_the_page_of_whose_words_marks_each_range(cast: Cast, client: Client) -> None:
    suggestion = build.suggestion(build.draft(cast.wren, text=OWN), OFFERED)
    client.force_login(cast.wren)
    text = use_all(client, suggestion)
    save(client, suggestion.job.draft, f"{text} {PASTED}", base=2, pasted=[PASTED])
    page = html(client.get(f"/drafts/{suggestion.job.draft_id}/whose"))
    assert '<mark data-whose="suggested">' in page
    assert '<mark data-whose="pasted">' in page
    assert "A language model suggested parts of this reply." in page


def test_nobody_else_sees_whose_words_they_are(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=OWN)
    client.force_login(cast.robin)
    assert client.get(f"/drafts/{draft.id}/whose").status_code == 404


def test_more_suggested_words_than_the_deployment_allows_are_not_sent_and_nothing_is_lost(
    cast: Cast, client: Client, settings: Settings
) -> None:
    settings.MAX_SUGGESTED_SHARE = 0.4
    suggestion = build.suggestion(build.draft(cast.wren, text=OWN), OFFERED)
    client.force_login(cast.wren)
    text = use_all(client, suggestion)
    page = html(send(client, suggestion.job.draft, text, base=2))
    assert "at most 40% may be" in page
    assert "for an hour of it?</textarea>" in page
    assert not Reply.objects.exists()
    assert Draft.objects.get().is_open
    more = f"{text} I am up late on Fridays as well. Write to us again whenever you like; somebody reads it every single time."
    send(client, suggestion.job.draft, more, base=2)
    assert Reply.objects.get().text == more


@pytest.mark.parametrize("more", ["", " Yes.", " I am up late.", " Write again whenever you like."])
def test_the_page_warns_where_sending_refuses_and_nowhere_else(
    cast: Cast, client: Client, settings: Settings, more: str
) -> None:
    suggestion = build.suggestion(build.draft(cast.wren, text=OWN), OFFERED)
    client.force_login(cast.wren)
    text = use_all(client, suggestion) + more
    save(client, suggestion.job.draft, text, base=2)
    percent = round(100 * provenance.model_share(build.head_of(Draft.objects.get()).marked))
    for most, warned in ((percent - 1, True), (percent, False)):
        settings.MAX_SUGGESTED_SHARE = most / 100
        head = build.head_of(Draft.objects.get())
        whose = whose_words(head, actions.visible_suggestions(head.draft))
        assert bool(whose["too_much"]) is warned
        send(client, head.draft, text, base=head.number)
        assert Reply.objects.exists() is not warned


def test_what_the_reader_is_told_goes_with_the_reply(cast: Cast, client: Client, settings: Settings) -> None:
    settings.DISCLOSURE = "A model helped here."
    suggestion = build.suggestion(build.draft(cast.wren, text=OWN), OFFERED)
    model = ModelVersion.objects.create(name="small-one")
    Suggestion.objects.update(model_version=model)
    client.force_login(cast.wren)
    send(client, suggestion.job.draft, use_all(client, suggestion), base=2)
    reply = Reply.objects.get()
    assert reply.disclosure == "A model helped here."
    assert reply.mark["digital_source_type"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert reply.mark["models"] == ["small-one"]
    assert reply.mark["shares"]["suggested"] == pytest.approx(reply.model_share, abs=0.001)
    assert "A model helped here." in read(client.get(f"/replies/{reply.id}/"))


def test_a_reply_of_own_words_discloses_nothing_and_says_so_to_machines(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, text=OWN)
    client.force_login(cast.wren)
    send(client, draft, OWN, base=1)
    reply = Reply.objects.get()
    assert reply.disclosure == ""
    assert reply.mark["digital_source_type"].endswith("/digitalCreation")
    assert reply.mark["shares"]["typed"] == 1


@pytest.mark.parametrize(("after", "unread"), [(timedelta(seconds=2), True), (timedelta(seconds=30), False)])
def test_words_that_were_used_faster_than_they_can_be_read_are_noticed(
    cast: Cast, client: Client, after: timedelta, unread: bool
) -> None:
    suggestion = build.suggestion(build.draft(cast.wren, text=OWN), OFFERED)
    client.force_login(cast.wren)
    use_all(client, suggestion)
    shown = timezone.now() - timedelta(minutes=5)
    Suggestion.objects.update(created_at=shown, seconds=0, seconds_to_first=0)
    ChangeVerdict.objects.update(at=shown + after)
    assert attention.used_unread(Suggestion.objects.get()) is unread
    notice = 'id="used-unread" role="status"' + ("" if unread else " hidden")
    assert f"{notice}>" in html(client.get(f"/drafts/{suggestion.job.draft_id}/"))


def test_a_few_words_are_seen_at_a_glance(cast: Cast, client: Client) -> None:
    suggestion = build.suggestion(build.draft(cast.wren, text=OWN), f"{OWN} What helps?")
    client.force_login(cast.wren)
    use_all(client, suggestion)
    assert not attention.used_unread(suggestion)


def test_an_undone_change_was_not_used(cast: Cast, client: Client) -> None:
    suggestion = build.suggestion(build.draft(cast.wren, text=OWN), OFFERED)
    client.force_login(cast.wren)
    use_all(client, suggestion)
    index = ChangeVerdict.objects.get().index
    form = {"text": OWN, "base": 2, "verdict": "undone"}
    client.post(f"/suggestions/{suggestion.id}/changes/{index}", form, headers=JSON)
    assert not attention.used_unread(suggestion)
