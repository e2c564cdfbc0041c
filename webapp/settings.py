"""One settings file. Embedded by default; DATABASE_URL and REDIS_URL switch to the outgrown form.

Every variable is described in .env.example; a test fails when one is missing there.
"""

from __future__ import annotations

import os
import re
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

from webapp import environment

BASE_DIR = Path(__file__).resolve().parent.parent

environment.load_file(BASE_DIR / ".env")


def kept_secret(path: Path) -> str:
    """A secret that this installation made for itself on its first start; mode 600."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.touch(mode=0o600)
        part.write_text(secrets.token_urlsafe(50), encoding="utf-8")
        try:
            os.link(part, path)  # fails when another process was first: then its secret counts
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_text(encoding="utf-8").strip()


VERSION = re.search(r"^## (\S+)", (BASE_DIR / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)[1]  # type: ignore[index]

DATA_DIR = Path(environment.text("DATA_DIR", str(BASE_DIR / "var"))).resolve()
REDIS_URL = environment.secret("REDIS_URL")
EMBEDDED = not REDIS_URL  # one process: in-memory channel layer and a Celery worker inside the server

DEBUG = False  # there is no debug mode: its error pages show local variables, which hold what people wrote
DEMO = environment.switch("DEMO", False)  # invented data, printed accounts, and a bar on every page that says so
SITE_NAME = environment.text("SITE_NAME", "Lantern")
HOST = environment.text("HOST", "127.0.0.1")
PORT = environment.whole("PORT", 8000, least=1, most=65535)
PUBLIC_URL = environment.text("PUBLIC_URL", environment.address_at(HOST, PORT)).rstrip("/")
QUICK_EXIT_URL = environment.text("QUICK_EXIT_URL", "https://www.wikipedia.org/")

SECRET_KEY = environment.secret("SECRET_KEY") or kept_secret(DATA_DIR / "secret" / "django-key")
VAULT_KEYS_FILE = Path(environment.text("VAULT_KEYS_FILE", str(DATA_DIR / "secret" / "vault-keys")))

_public = urlsplit(PUBLIC_URL)
HTTPS = _public.scheme == "https"
ALLOWED_HOSTS = list(
    {_public.hostname or "127.0.0.1", *environment.names("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])}
)
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"] if HTTPS else []

# Applications

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "webapp",
    "webapp.accounts",
    "webapp.studies",
    "assistant",
    "moderation",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "webapp.middleware.PrivatePages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "webapp.accounts.language.OwnLanguage",
    "webapp.middleware.SignInRequired",
    "webapp.accounts.second_factor.SecondFactorRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "webapp.middleware.LargeRequest",
    "webapp.middleware.WholeText",
    "webapp.middleware.FormsOnly",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "webapp.context_processors.site",
                "webapp.script_words.script_words",
            ],
        },
    },
]

# Data

SQLITE_URL = f"sqlite:///{DATA_DIR / 'lantern.sqlite3'}"
_database = environment.database("DATABASE_URL", SQLITE_URL)
DATABASE_POOL = environment.whole("DATABASE_POOL", 12, least=1, most=1000)
DATABASE_PASSWORD = environment.secret("DATABASE_PASSWORD")
if DATABASE_PASSWORD:
    _database["PASSWORD"] = DATABASE_PASSWORD
if _database["ENGINE"] == "django.db.backends.sqlite3":
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    # A file, as in life: an in-memory database has no WAL, and its threads lock each other out at once.
    _database["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
    _database["OPTIONS"] = {
        # A read-then-write transaction that is not IMMEDIATE fails at once when another one writes.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: in WAL, NORMAL may lose the last commits on power loss, and for those we said "saved".
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;",
    }
else:
    _database["CONN_HEALTH_CHECKS"] = True
    _database["OPTIONS"] = {"pool": {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 10}}
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if EMBEDDED
    # In the database, not in Redis: sign-in must work, and its limits must hold, while Redis is away.
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "lantern_cache"}
}

CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    if EMBEDDED
    else {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
}

# Celery is the doorbell, the rows are the queue: no results, ids only.

CELERY_BROKER_URL = "memory://localhost/" if EMBEDDED else REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"polling_interval": 0.02}
    if EMBEDDED
    else {
        "visibility_timeout": 600,
        "socket_keepalive": True,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "health_check_interval": 25,
        "retry_on_timeout": True,
    }
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 0.5}
CELERY_TASK_DEFAULT_QUEUE = "suggestions"
CELERY_WORKER_POOL = "threads"  # the engine is one thread in the process; each task submits to it and waits
CELERY_WORKER_CONCURRENCY = environment.whole("WORKER_CONCURRENCY", 8, least=1, most=256)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Which help this process of `run_worker` gives, so that the two models can live on different machines. One process, which
# is all there is in the embedded form, gives both.
WORKER_MODES = environment.some_of("WORKER_MODES", ["improve", "generate"])
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # a Redis blip must not kill a generation
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_HEARTBEAT = 0

# The model and the jobs

MODEL_PATH = environment.text(
    "MODEL_PATH", ""
)  # a registered GGUF instead of the starter model; MODEL_SHA256 goes with it
MODEL_SHA256 = environment.text("MODEL_SHA256", "")
MODEL_CONTEXT_TOKENS = environment.whole("MODEL_CONTEXT_TOKENS", 4096, least=512, most=1048576)
MODEL_THREADS = environment.whole("MODEL_THREADS", 0, least=0, most=1024)  # 0: as many as this process may use
MODEL_GPU_LAYERS = environment.whole("MODEL_GPU_LAYERS", 0, least=-1, most=1024)  # on the graphics card; -1: all
MODEL_SLOTS = environment.whole("MODEL_SLOTS", 8, least=1, most=256)  # suggestions decoded at a time
PREPARED_MEGABYTES = environment.whole("PREPARED_MEGABYTES", 512, least=0, most=1048576)
DRAFT_LOOKUP = environment.switch("DRAFT_LOOKUP", True)
# At the first start: which layout of the starter model and how many threads are fastest on this machine.
MEASURE_AT_START = environment.switch("MEASURE_AT_START", True)
THREADS_FILE = Path(environment.text("THREADS_FILE", str(DATA_DIR / "threads.json")))
REMOTE_API_KEY = environment.secret("REMOTE_API_KEY")  # for the server of a remote model, where it asks for one
# How much of a sent reply may be the model's words, and what its reader is told when any is.
MAX_SUGGESTED_SHARE = environment.whole("MAX_SUGGESTED_PERCENT", 80, least=0, most=100) / 100
DISCLOSURE = environment.text(
    "DISCLOSURE", "A language model suggested parts of this reply. A person chose and checked every word of it."
)
JOB_LEASE = timedelta(seconds=environment.whole("JOB_LEASE_SECONDS", 15, least=2, most=3600))
JOB_MAX_ATTEMPTS = 3
JOB_DEADLINE_SECONDS = environment.number("JOB_DEADLINE_SECONDS", 90.0, least=1, most=3600)
JOB_MAX_TOKENS = environment.whole("JOB_MAX_TOKENS", 400, least=1, most=65536)
# 0 is greedy: measured on the starter model, anything above makes it invent.
MODEL_TEMPERATURE = environment.number("MODEL_TEMPERATURE", 0.0, least=0, most=2)
# The model reads posts that nothing flagged, and can only raise them. Off: measured on the starter model, it tells nothing.
SECOND_READER = environment.switch("SECOND_READER", False)
SWEEP_SECONDS = environment.number("SWEEP_SECONDS", 5.0, least=0.1, most=3600)
SUGGESTIONS_PER_TEN_MINUTES = environment.whole("SUGGESTIONS_PER_TEN_MINUTES", 30, least=1, most=10000)
# How much of a suggestion is shown to who chose nothing, and whether good unaided drafts step it down: docs/writing.md.
HELP_LEVEL = environment.one_of("HELP_LEVEL", "full", ["full", "hints", "request"])
HELP_POLICY = environment.one_of("HELP_POLICY", "steps", ["choice", "steps"])
HELP_STEPS = environment.one_of("HELP_STEPS", "propose", ["propose", "set"])
POST_LEASE = timedelta(minutes=environment.whole("POST_LEASE_MINUTES", 20, least=1, most=1440))
BREAK_GLASS_TIME = timedelta(minutes=environment.whole("BREAK_GLASS_MINUTES", 60, least=5, most=1440))
CLAIM_LEASE = timedelta(minutes=environment.whole("CLAIM_LEASE_MINUTES", 15, least=1, most=1440))

# How far moderators agree: of decisions up to level 2, so many are looked at a second time, and after so many of all decisions
# whoever made them is shown a golden item.
SECOND_REVIEW_SHARE = environment.number("SECOND_REVIEW_SHARE", 0.1, most=1)
GOLDEN_SHARE = environment.number("GOLDEN_SHARE", 0.05, most=1)

# Whether real people are answered here: then no adapter is activated without the sign-off of the clinician panel, of so many
# of its members (fewer where there are not so many; one at the least).
LIVE = environment.switch("LIVE", not DEMO)
PANEL_LEAST = environment.whole("PANEL_LEAST", 2, least=1, most=9)

# Care for who writes

CARE_HEAVY_LEVEL = environment.whole("CARE_HEAVY_LEVEL", 2, least=1, most=4)  # posts from this level on count as heavy
CARE_DOSE = environment.whole(
    "CARE_DOSE", 6, least=0, most=1000
)  # their levels added up, after which a pause is offered
CARE_DOSE_HOURS = environment.number("CARE_DOSE_HOURS", 3.0, least=0.5, most=24)
CARE_DAYS = environment.whole("CARE_DAYS", 30, least=1, most=365)  # check-ins and requests to talk live so long

# Limits, in characters except where said; docs/operations.md repeats them.

MAX_DRAFT = 20_000
MAX_POST = 40_000
MAX_REASON = 2_000
MAX_INCIDENT = 10_000
MAX_WORRY = 500
MAX_CHECK_IN = 300
MIN_ASK_WORDS = 25  # the improvement model needs two sentences or this many words of the supporter's own
MIN_ASK_SENTENCES = 2
MAX_REQUEST_BYTES = 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_REQUEST_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 50
DATA_UPLOAD_MAX_NUMBER_FILES = 0

# The safety policy: which file of a deployment counts. Empty: the shipped one, which nobody signed.

_policy_file = environment.text("SAFETY_POLICY_FILE", "")
SAFETY_POLICY_FILE = Path(_policy_file).resolve() if _policy_file else None
# Lines that this deployment adds to the shipped helpline book, or has checked itself.
_helplines_file = environment.text("HELPLINES_FILE", "")
HELPLINES_FILE = Path(_helplines_file).resolve() if _helplines_file else None

# Watching: whoever brings this token reads /metrics. Without one, only admins do.

METRICS_TOKEN = environment.secret("METRICS_TOKEN")

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_ADAPTER = "webapp.accounts.adapter.InvitationOnly"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_USERNAME_MIN_LENGTH = 2
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "change_password": "5/m/user",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
}
# Whoever may do more than write replies has a second factor; a demonstration, which anybody may look at, asks for none.
MFA_REQUIRED = environment.switch("MFA_REQUIRED", not DEMO)
MFA_ADAPTER = "webapp.accounts.factor_adapter.SealedFactors"
MFA_FORMS = {
    "add_webauthn": "webapp.accounts.factor_forms.AddPasskeyForm",
    "authenticate_webauthn": "webapp.accounts.factor_forms.PasskeyForm",
    "reauthenticate_webauthn": "webapp.accounts.factor_forms.ConfirmByPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are optional here, and nothing is proved with them
ALLAUTH_TRUSTED_PROXY_COUNT = environment.whole("TRUSTED_PROXIES", 0, least=0, most=10)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# `python manage.py serve` makes the first admin from these two while no user exists.
ADMIN_EMAIL = environment.text("ADMIN_EMAIL", "")
ADMIN_PASSWORD_FILE = environment.text("ADMIN_PASSWORD_FILE", "")

SESSION_ENGINE = "webapp.accounts.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_FAILURE_VIEW = "webapp.views.csrf_failure"

# E-mail only through the deployment's relay; without one nothing is sent and the page says so.
EMAIL_RELAY_URL = environment.secret("EMAIL_RELAY_URL")
vars().update(environment.mail_relay("EMAIL_RELAY_URL", EMAIL_RELAY_URL))
DEFAULT_FROM_EMAIL = environment.text("EMAIL_FROM", "lantern@localhost")
EMAIL_TIMEOUT = 10  # seconds; an alert is leased for longer (moderation/models/alerts.py)

# Alerts also go to this address, as JSON without content, signed with the secret. The only host that is ever called by it.
ALERT_WEBHOOK_URL = environment.secret("ALERT_WEBHOOK_URL")
ALERT_WEBHOOK_SECRET = environment.secret("ALERT_WEBHOOK_SECRET")

# Headers

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"  # "no-referrer" would make Django's CSRF check refuse forms over https
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if HTTPS:
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# Static files

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Language and time

LANGUAGES = [
    ("en", "English"),
    ("es", "Español"),
]  # each by its own name; docs/decisions/0018 says what adding one takes
# Not LANGUAGE: desktops set that one for gettext, to lists like "en_GB:en".
LANGUAGE_CODE = environment.one_of("SITE_LANGUAGE", "en", [code for code, _ in LANGUAGES])
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = environment.zone("TIME_ZONE", "UTC")

# Logs: ids, lengths and codes pass; what people wrote does not (webapp/logs.py).

LOG_LEVEL = environment.one_of("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lantern": {"()": "webapp.logs.ContentFreeFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lantern"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        # Each of these installs handlers of its own unless told otherwise; everything goes through the root's.
        "lantern": {"level": LOG_LEVEL},
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        "uvicorn": {"handlers": [], "level": "WARNING", "propagate": True},
        "uvicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
        "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": True},
        "celery": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
