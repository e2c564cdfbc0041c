"""In which language the pages are: as a person chose, else as a cookie of this browser says, else as the browser asks.

Of the pages alone: what people wrote, and what the model writes, is never translated.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation

from webapp.accounts.models import User

YEAR = 365 * 24 * 60 * 60


class OwnLanguage:
    """After Django's LocaleMiddleware, which cannot know who asks yet, and follows the cookie and the browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = getattr(request.user, "language", "")
        if language in dict(settings.LANGUAGES):
            _speak(request, language)
        return self.get_response(request)


def choose(request: HttpRequest, answer: HttpResponse, person: User, language: str) -> None:
    """Kept with the person, and in a cookie for the pages before the next sign-in. Empty: as the browser asks."""
    person.language = language
    person.save(update_fields=["language"])
    if language:
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=YEAR,
            httponly=True,
            samesite="Lax",
            secure=settings.HTTPS,
        )
    else:
        answer.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
        request.COOKIES.pop(settings.LANGUAGE_COOKIE_NAME, None)
    _speak(request, language or translation.get_language_from_request(request))


def _speak(request: HttpRequest, language: str) -> None:
    translation.activate(language)
    request.LANGUAGE_CODE = language  # as LocaleMiddleware does
