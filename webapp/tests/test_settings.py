"""Settings come from the environment; a bad one says its name, its value and what would be right."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.validators import URLValidator

from webapp import environment

ROOT = Path(settings.BASE_DIR)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Settings as a start with these variables, and no others, would have them."""

    def settings_with(**variables: str) -> dict[str, Any]:
        for name in [*environment.DEFAULTS, *(f"{name}_FILE" for name in environment.SECRETS)]:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(environment, "load_file", lambda path: None)
        for name, value in ({"DATA_DIR": str(tmp_path)} | variables).items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "webapp" / "settings.py"))

    return settings_with


NUMBERS = [name for name, default in environment.DEFAULTS.items() if type(default) in (int, float)]


@pytest.mark.parametrize("value", ["many", "1,5", "-2", "9" * 400, "nan", "1e400", "٣x"])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_bad_number_says_its_name_and_its_value(read: Any, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured) as said:
        read(**{name: value})
    assert str(said.value).startswith(f"{name}={value[:20]}")
    assert "want a" in str(said.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEMO", "maybe"),
        ("LOG_LEVEL", "LOUD"),
        ("WORKER_MODES", "improve,rewrite"),
        ("WORKER_MODES", ","),
        ("TIME_ZONE", "Mars/Olympus"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("SECRET_KEY_FILE", "/nowhere/key"),
        ("REDIS_URL_FILE", "/"),
        ("DATABASE_PASSWORD_FILE", "/nowhere/password"),
    ],
)
def test_a_bad_value_says_its_name_and_itself(read: Any, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(f"{name}={value}: want ")):
        read(**{name: value})


@pytest.mark.parametrize("name", ["DATABASE_URL", "EMAIL_RELAY_URL"])
@pytest.mark.parametrize("value", ["hunter2", "gopher://me:hunter2@example.org"])
def test_a_bad_address_says_its_name_and_not_its_password(read: Any, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured) as said:
        read(**{name: value})
    assert str(said.value).startswith(f"{name}: want an address like ")
    assert "hunter2" not in str(said.value)


def test_an_empty_variable_counts_as_not_set(read: Any) -> None:
    empty = read(**{name: "" for name in environment.DEFAULTS if name != "DATA_DIR"})
    assert {key: empty[key] for key in ("EMBEDDED", "DEMO", "CELERY_WORKER_CONCURRENCY", "PUBLIC_URL")} == {
        "EMBEDDED": True,
        "DEMO": False,
        "CELERY_WORKER_CONCURRENCY": 8,
        "PUBLIC_URL": "http://127.0.0.1:8000",
    }


def test_the_default_is_the_embedded_form(read: Any, tmp_path: Path) -> None:
    default = read()
    assert default["EMBEDDED"]
    assert default["DATABASES"]["default"]["NAME"] == str(tmp_path / "lantern.sqlite3")
    assert default["CELERY_BROKER_URL"] == "memory://localhost/"
    assert "InMemory" in default["CHANNEL_LAYERS"]["default"]["BACKEND"]
    assert not default["HTTPS"]
    assert "dummy" in default["EMAIL_BACKEND"]


def test_two_variables_make_the_outgrown_form(read: Any, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from a file\n")
    outgrown = read(
        DATABASE_URL="postgres://lantern@db:5432/lantern",
        DATABASE_PASSWORD_FILE=str(tmp_path / "password"),
        REDIS_URL="redis://cache:6379/0",
    )
    assert not outgrown["EMBEDDED"]
    assert outgrown["DATABASES"]["default"]["HOST"] == "db"
    assert outgrown["DATABASES"]["default"]["PASSWORD"] == "from a file"
    assert outgrown["CELERY_BROKER_URL"] == "redis://cache:6379/0"
    assert outgrown["CELERY_RESULT_BACKEND"] is None


def test_an_address_with_https_makes_everything_for_it(read: Any) -> None:
    https = read(PUBLIC_URL="https://lantern.example.org/")
    assert https["SESSION_COOKIE_SECURE"]
    assert https["CSRF_COOKIE_SECURE"]
    assert https["SESSION_COOKIE_NAME"] == "__Host-session"
    assert https["CSRF_TRUSTED_ORIGINS"] == ["https://lantern.example.org"]
    assert "lantern.example.org" in https["ALLOWED_HOSTS"]
    assert https["SECURE_HSTS_SECONDS"] > 0


@pytest.mark.parametrize(
    ("listens", "url"),
    [
        ({"PORT": "8102"}, "http://127.0.0.1:8102"),
        ({"HOST": "0.0.0.0", "PORT": "9000"}, "http://127.0.0.1:9000"),
        ({"HOST": "192.168.1.20"}, "http://192.168.1.20:8000"),
        ({"HOST": "::1"}, "http://[::1]:8000"),
        ({"PORT": "8102", "PUBLIC_URL": "https://lantern.example.org"}, "https://lantern.example.org"),
    ],
)
def test_links_lead_to_where_the_site_listens_unless_another_address_is_given(
    read: Any, listens: dict[str, str], url: str
) -> None:
    assert read(**listens)["PUBLIC_URL"] == url


def test_a_relay_sends_mail(read: Any) -> None:
    relay = read(EMAIL_RELAY_URL="submission://me:secret@mail.example.org:587")
    assert relay["EMAIL_HOST"] == "mail.example.org"
    assert relay["EMAIL_USE_TLS"]


def test_the_key_that_was_made_is_kept_and_closed_to_others(read: Any, tmp_path: Path) -> None:
    assert read()["SECRET_KEY"] == read()["SECRET_KEY"]
    assert (tmp_path / "secret" / "django-key").stat().st_mode & 0o077 == 0


# .env.example


def written_down() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(re.findall(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", "\n".join(lines), re.M))


def as_written(default: object) -> str:
    if isinstance(default, bool):
        return str(int(default))
    return ",".join(default) if isinstance(default, list) else str(default)


def test_the_example_lists_every_variable_and_no_other() -> None:
    assert set(written_down()) == set(environment.DEFAULTS) | environment.SECRETS


def test_the_example_shows_the_default_of_each(read: Any) -> None:
    read()
    defaults = {name: as_written(value) for name, value in environment.DEFAULTS.items()}
    # Places in the folder of the site are written from there.
    defaults["DATA_DIR"] = str(Path(defaults["DATA_DIR"]).relative_to(ROOT))
    defaults |= {"VAULT_KEYS_FILE": "var/secret/vault-keys", "THREADS_FILE": "var/threads.json"}
    assert written_down() == defaults
    assert settings.VAULT_KEYS_FILE.relative_to(settings.DATA_DIR) == Path("secret/vault-keys")
    assert settings.THREADS_FILE.relative_to(settings.DATA_DIR) == Path("threads.json")


def test_nothing_in_the_example_is_switched_on() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_settings_read_the_environment_in_one_way_only() -> None:
    source = (ROOT / "webapp" / "settings.py").read_text(encoding="utf-8")
    assert "os.environ" not in source
    assert "getenv" not in source


def test_the_quick_exit_leads_to_a_page(read: Any) -> None:
    URLValidator(schemes=["https"])(read()["QUICK_EXIT_URL"])
