"""Models write the texts of their arms while nobody waits for a suggestion: screened, resumable, with version and prompt."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from assistant.inference.engine import EngineBusy
from assistant.inference.types import Mode, StopReason
from assistant.models import Deployment, ModelVersion, SuggestionJob
from assistant.worker_state import Serving
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.studies import generating, importing, planning
from webapp.studies.models import Output, Study
from webapp.studies.tests import research
from webapp.test import FakeEngine

pytestmark = pytest.mark.django_db


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The broker's part: how often the bell rang, and how many seconds later each is heard."""
    heard: list[float] = []
    monkeypatch.setattr(generating, "ring", lambda _study, *, countdown=0: heard.append(countdown))
    return heard


@pytest.fixture
def alder() -> User:
    return research.person_of_research()


@pytest.fixture
def desk(alder: User) -> Client:
    return research.client_of(alder)


@pytest.fixture
def version() -> ModelVersion:
    row = ModelVersion.objects.create(name="starter-1", kind="base", sha256="5" * 64, prompt="improve-3,generate-1")
    Deployment.objects.create(version=row)
    return row


def to_write(alder: User) -> Study:
    """Two items that people answered, and arms that models write."""
    study = research.planned(alder, items=0, raters=2)
    study.arms.get(key="improved").delete()
    lines = [research.line(f"kitchen-{n}", outputs={"alone": research.ALONE}) for n in (1, 2)]
    lines.append(research.ATTENTION_LINE)  # in which no model has a part
    rows, problems = importing.read_items("\n".join(lines), study)
    assert problems == []
    planning.add_arm(study, key="im", kind="improved", version=None, by=alder)
    importing.add_items(study, rows, by=alder)
    planning.add_arm(study, key="gm", kind="generated", version=None, by=alder)
    return study


def write(study: Study, engine: FakeEngine) -> int:
    return generating.write_outputs(study.id, serving=Serving(engine))


def texts(study: Study, arm: str) -> dict[str, str]:
    rows = Output.objects.filter(item__study=study, arm__key=arm).select_related("case", "item")
    return {row.item.source: row.text for row in rows}


def test_models_write_what_is_missing_and_it_is_kept_with_version_and_prompt(
    alder: User, desk: Client, version: ModelVersion, rings: list[float], django_capture_on_commit_callbacks: object
) -> None:
    study = to_write(alder)
    at = f"/studies/research/{study.id}"
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert desk.post(f"{at}/write").status_code == 302
    assert rings == [0]
    assert "0 of 4 texts of models are there" in build.read(desk.get(f"{at}/items"))
    engine = FakeEngine().will_say("One, revised.", "Two, revised.", "One, from the post.", "Two, from the post.")
    assert write(study, engine) == 4
    assert "4 of 4 texts of models are there" in build.read(desk.get(f"{at}/items"))
    assert set(texts(study, "im").values()) == {"One, revised.", "Two, revised."}
    assert set(texts(study, "gm").values()) == {"One, from the post.", "Two, from the post."}
    for arm in study.arms.exclude(key="alone").select_related("version"):
        assert arm.version == version
    assert dict(study.arms.values_list("key", "prompt"))["im"] == "improve-3"
    asked = [request.prompt for request in engine.asked]
    assert [prompt.mode for prompt in asked] == [Mode.IMPROVE, Mode.IMPROVE, Mode.GENERATE, Mode.GENERATE]
    assert all(research.ALONE in prompt.draft for prompt in asked[:2])
    assert all(output.screened in ("clear", "noted") for output in Output.objects.all())


def test_it_gives_way_to_a_suggestion_and_goes_on_later_without_writing_anything_twice(
    alder: User, version: ModelVersion, rings: list[float]
) -> None:
    study = to_write(alder)
    generating.ask_for_outputs(study, by=alder)
    draft = build.draft(build.person("wren", Role.SUPPORTER))
    job = build.job(draft)
    assert write(study, FakeEngine().will_say("Too early.")) == 0
    assert rings == [generating.RING_AGAIN]
    SuggestionJob.objects.filter(id=job.id).update(status="done")
    assert write(study, FakeEngine().will_say("One.", "Two.").will_fail(EngineBusy())) == 2
    assert write(study, FakeEngine().will_say("Three.", "Four.")) == 2
    assert write(study, FakeEngine().will_say("Five.")) == 0
    said = [*texts(study, "im").values(), *texts(study, "gm").values()]
    assert sorted(said) == ["Four.", "One.", "Three.", "Two."]


def test_a_suggestion_that_is_wanted_in_the_middle_stops_it(
    alder: User, version: ModelVersion, rings: list[float]
) -> None:
    study = to_write(alder)
    generating.ask_for_outputs(study, by=alder)
    draft = build.draft(build.person("wren", Role.SUPPORTER))
    engine = FakeEngine().will_say("word " * 60)

    def ask_at_the_third(said: int) -> None:
        if said == 3:
            build.job(draft)

    engine.before_word = ask_at_the_third
    assert write(study, engine) == 0
    assert rings == [generating.RING_AGAIN]
    assert set(texts(study, "im").values()) == {""}
    assert not Output.objects.exclude(problem="").exists()


def test_what_the_checks_hold_is_marked_and_keeps_the_study_from_opening(
    alder: User, desk: Client, version: ModelVersion, rings: list[float]
) -> None:
    study = to_write(alder)
    generating.ask_for_outputs(study, by=alder)
    write(study, FakeEngine().will_say(build.HURTFUL_REPLY, "Two.", "Three.", "Four."))
    held = Output.objects.select_related("case").get(screened="held")
    assert held.text == build.HURTFUL_REPLY  # whole, so that people can say what they think of it
    answer = desk.post(f"/studies/research/{study.id}/open")
    assert "The checks hold 1 text" in build.read(answer)


def test_what_a_model_could_not_write_is_said_and_tried_again_on_request(
    alder: User, desk: Client, version: ModelVersion, rings: list[float]
) -> None:
    study = to_write(alder)
    at = f"/studies/research/{study.id}"
    generating.ask_for_outputs(study, by=alder)
    engine = FakeEngine().will_say("", "Two.", "Three.", "Four.")
    assert write(study, engine) == 4
    assert Output.objects.get(problem="empty").arm.key == "im"
    page = build.read(desk.get(f"{at}/items"))
    assert "The model wrote nothing." in page
    assert "3 of 4 texts of models are there, 1 without success" in page
    assert "1 item has no text in the arm im" in build.read(desk.get(f"{at}/check"))
    desk.post(f"{at}/write")
    assert write(study, FakeEngine().will_say("One.")) == 1
    assert "There is nothing that a model has to write." in build.read(desk.post(f"{at}/write", follow=True))


@pytest.mark.parametrize("stop", [StopReason.LENGTH, StopReason.REPETITION, StopReason.DEADLINE])
def test_half_an_answer_is_no_answer(alder: User, version: ModelVersion, rings: list[float], stop: StopReason) -> None:
    study = to_write(alder)
    generating.ask_for_outputs(study, by=alder)
    engine = FakeEngine().will_say("One.", "Two.", "Three.", "Four.")
    engine.stop = stop
    assert write(study, engine) == 4
    assert set(Output.objects.exclude(problem="").values_list("problem", flat=True)) == {str(stop)}
    assert Output.objects.filter(problem=str(stop), sha256="").count() == 4


def test_without_an_active_model_nothing_is_asked(alder: User, desk: Client, rings: list[float]) -> None:
    study = to_write(alder)
    answer = desk.post(f"/studies/research/{study.id}/write", follow=True)
    assert "No model is active that could write the arm" in build.read(answer)
    assert rings == []
    assert not Output.objects.filter(arm__key="gm").exists()


def test_a_version_that_is_named_and_cannot_be_loaded_says_so(
    alder: User, desk: Client, version: ModelVersion, rings: list[float]
) -> None:
    study = to_write(alder)
    gone = ModelVersion.objects.create(name="gone-1", kind="base", path="/nowhere/gone.gguf", sha256="6" * 64)
    study.arms.filter(key="gm").update(version=gone)
    study.arms.get(key="im").delete()
    generating.ask_for_outputs(study, by=alder)
    assert generating.write_outputs(study.id) == 0
    assert set(Output.objects.filter(arm__key="gm").values_list("problem", flat=True)) == {"model_unavailable"}
    assert "The model could not be loaded." in build.read(desk.get(f"/studies/research/{study.id}/items"))


def test_while_the_checks_are_in_trouble_nothing_is_written(
    alder: User, version: ModelVersion, rings: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = to_write(alder)
    generating.ask_for_outputs(study, by=alder)
    monkeypatch.setattr(generating, "in_trouble", lambda _kind: ["advice"])
    engine = FakeEngine().will_say("One.")
    assert write(study, engine) == 0
    assert engine.asked == []


def test_a_bell_for_a_study_that_is_gone_or_open_writes_nothing(
    alder: User, version: ModelVersion, rings: list[float]
) -> None:
    study = to_write(alder)
    generating.ask_for_outputs(study, by=alder)
    engine = FakeEngine().will_say("One.")
    Study.objects.filter(id=study.id).update(status=Study.Status.OPEN)
    assert write(study, engine) == 0
    assert generating.write_outputs(uuid.uuid4(), serving=Serving(engine)) == 0
    assert engine.asked == []


@contextmanager
def somebody_writes() -> Iterator[None]:
    with generating._one_at_a_time:
        yield


def test_two_bells_at_once_write_one_after_the_other(alder: User, version: ModelVersion, rings: list[float]) -> None:
    study = to_write(alder)
    generating.ask_for_outputs(study, by=alder)
    engine = FakeEngine().will_say("One.")
    with somebody_writes():
        assert write(study, engine) == 0
    assert rings == [generating.RING_AGAIN]
    assert engine.asked == []


def test_what_a_model_made_up_is_scrubbed_as_the_texts_of_people_are(
    alder: User, version: ModelVersion, rings: list[float]
) -> None:
    study = to_write(alder)
    generating.ask_for_outputs(study, by=alder)
    write(study, FakeEngine().will_say(*[f"That sounds hard. {research.CONTACT}."] * 4))
    written = [*texts(study, "im").values(), *texts(study, "gm").values()]
    assert written == ["That sounds hard. write to me at [email]."] * 4


# A page that is looked at meanwhile


def part_of(desk: Client, study: Study) -> str:
    answer = desk.get(f"/studies/research/{study.id}/writing")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_renews_itself_while_models_write_and_stops_when_they_are_done(
    alder: User, desk: Client, version: ModelVersion, rings: list[float]
) -> None:
    study = to_write(alder)
    page = f"/studies/research/{study.id}/items"
    assert "hx-trigger" not in desk.get(page).content.decode()  # nobody asked yet
    generating.ask_for_outputs(study, by=alder)
    for shown in (desk.get(page).content.decode(), part_of(desk, study)):
        assert 'hx-trigger="every 5s"' in shown
        assert "Have the models write" not in shown
    assert "items-table" not in part_of(desk, study)
    write(study, FakeEngine().will_say("One.", "Two.", "Three.").will_fail(EngineBusy()))
    assert 'hx-trigger="every 5s"' in part_of(desk, study)
    assert "3 of 4 texts of models are there" in part_of(desk, study)
    write(study, FakeEngine().will_say("Four."))
    done = part_of(desk, study)
    assert "hx-trigger" not in done
    assert 'role="status" id="writing-said" hx-swap-oob="innerHTML">The models have written everything.' in done
    assert 'id="items-table" hx-swap-oob="true"' in done


def test_texts_whose_worker_is_gone_are_offered_again(
    alder: User, desk: Client, version: ModelVersion, rings: list[float]
) -> None:
    study = to_write(alder)
    generating.ask_for_outputs(study, by=alder)
    write(study, FakeEngine().will_say("One.").will_fail(EngineBusy()))
    gone = timezone.now() - generating.STANDS_STILL_AFTER - timedelta(seconds=1)
    Study.objects.filter(id=study.id).update(writing_at=gone)
    shown = part_of(desk, study)
    assert "hx-trigger" not in shown
    assert "Nothing is being written. Press again" in shown
    assert "Have the models write what is missing" in shown
    desk.post(f"/studies/research/{study.id}/write")
    assert 'hx-trigger="every 5s"' in part_of(desk, study)
    assert write(study, FakeEngine().will_say("Two.", "Three.", "Four.")) == 3
    assert sorted([*texts(study, "im").values(), *texts(study, "gm").values()]) == ["Four.", "One.", "Three.", "Two."]


def test_a_model_that_cannot_be_loaded_ends_the_waiting_and_says_so(
    alder: User, desk: Client, version: ModelVersion, rings: list[float]
) -> None:
    study = to_write(alder)
    generating.ask_for_outputs(study, by=alder)
    Output.objects.filter(item__study=study, sha256="").update(problem="model_unavailable")
    shown = part_of(desk, study)
    assert "hx-trigger" not in shown
    assert "The models have tried everything. What failed can be tried again." in shown
