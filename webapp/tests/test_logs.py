"""No word of the cast's posts reaches a log, whatever fails and whoever reports it."""

from __future__ import annotations

import asyncio
import importlib
import io
import json
import logging
import logging.config
import uuid
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client

from assistant import runner
from assistant.actions import receive_post
from assistant.models import AuditEvent
from webapp import test as build
from webapp.celery import app
from webapp.logs import ContentFreeFormatter
from webapp.test import Cast, FakeEngine

pytestmark = pytest.mark.django_db

MARK = "zanderfilet-7431"  # in every text of these tests, and nowhere else
SECRET_POST = f"I cannot sleep since the {MARK} and I do not know whom to tell."
SECRET_DRAFT = f"Thank you for telling us about the {MARK}. What would help tonight? I am here."


class Log:
    """What would stand on standard error, with the logging that the settings describe."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def text(self) -> str:
        return self.stream.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    app.loader.import_default_modules()  # sets Django up again, and with it the logging of the settings
    log = Log()
    described: dict[str, Any] = deepcopy(settings.LOGGING)
    described["handlers"]["stderr"]["stream"] = log.stream
    for logger in described["loggers"].values():
        logger["level"] = "DEBUG"  # louder than any setting makes it
    described["root"]["level"] = "DEBUG"
    before = list(logging.getLogger().handlers)
    logging.config.dictConfig(described)
    yield log
    logging.config.dictConfig(settings.LOGGING)
    logging.getLogger().handlers[:] = before


def assert_content_free(log: Log) -> None:
    assert log.text(), "nothing was logged, so nothing was proved"
    assert MARK not in log.text()
    assert "cannot sleep" not in log.text()
    log.lines()  # each is one JSON object


def raised_with(text: str) -> None:
    local = text  # stands in the traceback's frame
    raise ValueError(f"cannot handle {local!r}")


# The formatter


def logged(log: Log, act: Callable[[logging.Logger], None], name: str = "somelibrary") -> dict[str, Any]:
    act(logging.getLogger(name))
    return log.lines()[-1]


def test_an_exception_is_its_type_and_its_places(log: Log) -> None:
    try:
        raised_with(SECRET_POST)
    except ValueError as error:
        chained: Exception = RuntimeError(f"while at {MARK}")
        chained.__cause__ = error
        logging.getLogger("somelibrary").error("It failed: %s", chained, exc_info=chained)
        logging.getLogger("somelibrary").exception(error)
    first, second = log.lines()
    assert first["event"] == "It failed: RuntimeError"
    assert second["exception"] == "ValueError"
    assert any(place.endswith(":raised_with") for place in second["where"])
    assert_content_free(log)


@pytest.mark.parametrize(
    "act",
    [
        lambda lib: lib.error("Could not store %s", SECRET_POST),
        lambda lib: lib.error("Could not store %r", SECRET_POST.encode()),
        lambda lib: lib.error("Could not store %(text)s", {"text": SECRET_POST}),
        lambda lib: lib.error(f"Could not store {SECRET_POST}"),
        lambda lib: lib.error(SECRET_POST),
        lambda lib: lib.error("%s" + SECRET_POST * 9, 1),
        lambda lib: lib.error({"text": SECRET_POST}),
        lambda lib: lib.error(ValueError(SECRET_POST)),
        lambda lib: lib.error("Values: %s", [SECRET_POST]),
        lambda lib: lib.error("Values: %s", {"text": SECRET_POST, "n": 1}),
        lambda lib: lib.error("failed", extra={"error": SECRET_POST, "code": SECRET_POST}),
        lambda lib: lib.error("failed", stack_info=True, extra={"sinfo": SECRET_POST}),
    ],
    ids=range(12),
)
def test_a_record_of_a_library_shows_no_text(log: Log, act: Callable[[logging.Logger], None]) -> None:
    for name in ("somelibrary", "django.request", "django.db.backends", "celery.worker", "uvicorn.error", "asyncio"):
        logged(log, act, name)
    assert_content_free(log)


def test_a_record_that_does_not_fit_its_arguments_is_its_template() -> None:
    record = logging.LogRecord("lib", logging.ERROR, __file__, 1, "Both %s and %s", (SECRET_POST,), None)
    assert json.loads(ContentFreeFormatter().format(record))["event"] == "Both %s and %s"


@pytest.mark.parametrize("value", [7, 1.5, True, None, "0b9c", "assistant.tasks.run_job", "/posts/next"])
def test_ids_numbers_and_paths_pass(log: Log, value: object) -> None:
    assert str(value) in logged(log, lambda lib: lib.error("Seen %s", value))["event"]


def test_our_own_records_are_an_event_and_known_fields(log: Log) -> None:
    ours = logged(
        log, lambda own: own.info("job_started", extra={"job": "0b9c", "attempt": 2, "text": SECRET_POST}), "lantern.x"
    )
    assert (ours["event"], ours["job"], ours["attempt"]) == ("job_started", "0b9c", 2)
    assert "text" not in ours
    assert_content_free(log)


def test_our_own_events_are_words_of_the_code_and_never_put_together() -> None:
    """The formatter trusts them; so they must be literals."""
    import ast
    from pathlib import Path

    root = Path(settings.BASE_DIR)
    checked = 0
    for room in ("assistant", "moderation", "webapp"):
        for path in (root / room).rglob("*.py"):
            if "tests" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "log"
                    and node.func.attr in ("debug", "info", "warning", "error", "exception", "critical")
                ):
                    checked += 1
                    event = node.args[0]
                    assert isinstance(event, ast.Constant), f"{path}:{node.lineno}"
                    assert len(node.args) == 1, f"{path}:{node.lineno}"
    assert checked > 10


# The site


def test_a_page_that_fails_logs_no_text(cast: Cast, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = build.draft(cast.wren, text=SECRET_DRAFT, post_text=SECRET_POST)

    def fails(*_: Any, **__: Any) -> None:
        raised_with(SECRET_POST)

    monkeypatch.setattr("assistant.screens.writing.triage_of", fails)
    monkeypatch.setattr("assistant.actions.head_after_saving", fails)
    client = Client(raise_request_exception=False)
    client.force_login(cast.wren)
    answers = [
        client.get(f"/drafts/{draft.id}/", {"note": SECRET_POST}),
        client.post(f"/drafts/{draft.id}/save", {"text": SECRET_DRAFT, "base": 1}),
    ]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert all(MARK not in answer.content.decode() for answer in answers)
    assert [line["exception"] for line in log.lines() if line["logger"] == "django.request"] == ["ValueError"] * 2
    assert_content_free(log)


def test_requests_that_are_refused_log_no_text(cast: Cast, log: Log) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(cast.wren)
    client.get(f"/nowhere/{SECRET_POST}")
    client.get(f"/{MARK} and more words", {"q": SECRET_POST})
    client.get("/posts/", headers={"Host": f"{MARK}.example", "User-Agent": SECRET_POST, "Referer": SECRET_POST})
    client.post("/posts/next", {"text": SECRET_POST})
    client.put("/posts/next", SECRET_POST)
    client.post("/posts/next", b"text=" + SECRET_POST.encode() * 30_000, content_type="text/plain")
    assert len(log.lines()) >= 5
    assert_content_free(log)


def test_a_hard_afternoon_with_everything_at_debug_logs_no_text(cast: Cast, log: Log) -> None:
    post = receive_post(text=SECRET_POST, country="IE")
    client = Client()
    client.force_login(cast.wren)
    draft = build.draft(cast.wren, text="", post_text=SECRET_POST)
    client.post(f"/drafts/{draft.id}/save", {"text": SECRET_DRAFT, "base": 0})
    fields = {"text": SECRET_DRAFT, "base": 1, "client_key": uuid.uuid4(), "mode": "improve"}
    assert client.post(f"/drafts/{draft.id}/ask", fields, headers={"Accept": "application/json"}).status_code == 202
    client.post(f"/drafts/{draft.id}/send", {"text": SECRET_DRAFT, "base": 1})
    client.get(f"/drafts/{post.id}/")
    assert_content_free(log)


@pytest.mark.django_db(transaction=True)
def test_a_job_that_crashes_logs_no_text(cast: Cast, log: Log) -> None:
    job = build.job(build.draft(cast.wren, text=SECRET_DRAFT, post_text=SECRET_POST))
    engine = FakeEngine().will_say(SECRET_DRAFT)
    engine.before_word = lambda _said: raised_with(SECRET_POST)
    runner.run_job(job.id, engine=engine)
    crashed = [line for line in log.lines() if line["event"] == "job_crashed"]
    assert [line["exception"] for line in crashed] == ["ValueError"]
    assert crashed[0]["job"] == str(job.id)
    assert_content_free(log)


@pytest.mark.django_db(transaction=True)
def test_a_task_that_fails_logs_no_text(cast: Cast, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery logs the exception, the arguments and the traceback of a failed task."""
    job = build.job(build.draft(cast.wren, text=SECRET_DRAFT, post_text=SECRET_POST))
    monkeypatch.setattr("assistant.runner.run_job", lambda _id: raised_with(SECRET_POST))
    app.tasks["assistant.tasks.run_job"].apply(args=[str(job.id)])
    logging.getLogger("celery.app.trace").error(
        "Task %(name)s[%(id)s] %(description)s: %(exc)s",
        {"name": "run_job", "id": str(job.id), "description": "raised", "exc": repr(ValueError(SECRET_POST))},
        exc_info=True,
        extra={"data": {"args": SECRET_POST}},
    )
    assert_content_free(log)


def test_a_database_error_logs_no_row(cast: Cast, log: Log) -> None:
    """Postgres repeats the failing row in DETAIL, in the message of the exception."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE letters (text text, CHECK (length(text) < 5))")
    with pytest.raises(DatabaseError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO letters VALUES (%s)", [SECRET_POST])
    assert connection.vendor == "sqlite" or MARK in str(raised.value)
    logging.getLogger("django.db.backends").error("Query failed: %s", raised.value, exc_info=raised.value)
    logging.getLogger("lantern.x").error("store_failed", extra={"error": str(raised.value)}, exc_info=raised.value)
    assert_content_free(log)


async def test_what_the_server_and_the_loop_report_shows_no_text(log: Log) -> None:
    import uvicorn

    uvicorn.Config("webapp.asgi:application", log_config=None, access_log=False).configure_logging()
    try:
        raised_with(SECRET_POST)
    except ValueError as error:
        logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=error)
        logging.getLogger("uvicorn.error").exception(error)
        asyncio.get_running_loop().default_exception_handler({"message": f"Task {SECRET_POST}", "exception": error})
    logging.getLogger("uvicorn.access").info('%s - "%s"', "127.0.0.1", f"GET /?q={SECRET_POST}")
    assert_content_free(log)


def test_a_warning_of_a_library_shows_no_text(log: Log) -> None:
    logging.captureWarnings(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"a strange value: {SECRET_POST}", stacklevel=1)
    finally:
        logging.captureWarnings(False)
    assert_content_free(log)


def test_no_logger_has_a_way_of_its_own_around_the_formatter() -> None:
    importlib.import_module("celery.app.log")  # these set loggers up
    importlib.import_module("uvicorn.config")
    logging.config.dictConfig(settings.LOGGING)
    own_ways = [
        name
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
        and any(
            isinstance(handler, logging.StreamHandler) and not isinstance(handler.formatter, ContentFreeFormatter)
            for handler in logger.handlers
        )
    ]
    assert own_ways == []
    assert settings.CELERY_WORKER_HIJACK_ROOT_LOGGER is False


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/invitation/bf5l-hQ6lOTaRfFo-_9dQzUyKpAa3rXw7mNc__5WU/", "/invitation/[secret]/"),
        ("/set-up/abcdefghijklmnopqrstuvwxyz0123456789", "/set-up/[secret]"),
        ("/drafts/685e4f70-6988-4e96-ab65-3cea6419c894/save", "/drafts/685e4f70-6988-4e96-ab65-3cea6419c894/save"),
        ("/static/js/draft.js", "/static/js/draft.js"),
    ],
)
def test_a_link_that_opens_a_door_is_not_written_down(log: Log, path: str, written: str) -> None:
    logging.getLogger("django.request").warning("%s: %s", "Forbidden", path)
    assert log.lines()[-1]["event"] == f"Forbidden: {written}"


def test_a_refused_invitation_leaves_no_link_in_the_log(log: Log, client: Client) -> None:
    token = "bf5l-hQ6lOTaRfFo-9dQzUyKpAa3rXw7mNc5WUxy"
    assert client.post(f"/invitation/{token}/", {"username": "fern"}).status_code >= 400
    assert token not in log.text()


# What else leaves the process


def test_the_audit_log_holds_no_text(cast: Cast) -> None:
    build.job(build.draft(cast.wren, text=SECRET_DRAFT, post_text=SECRET_POST))
    events = list(AuditEvent.objects.values())
    assert events
    assert MARK not in json.dumps(events, default=str)
