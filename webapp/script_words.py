"""The sentences that scripts say, for a page in another language than English. static/js/words.js reads them."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, to_locale


def script_words(_request: HttpRequest) -> dict[str, Any]:
    """Context processor. None in English, whose sentences stand in the scripts themselves."""
    return {"script_words": of_language(get_language() or "en")}


@cache
def of_language(language: str) -> dict[str, str | list[str]] | None:
    """By the English sentence; of one that counts a list: for one, and for more.

    Every language here has these two forms. One that has more needs its plural rule in words.js.
    """
    compiled = _path(language)
    if language == "en" or not compiled.is_file():
        return None
    with compiled.open("rb") as file:
        catalogue: dict[Any, str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # no public way to list it
    words: dict[str, str | list[str]] = {}
    for message, said in catalogue.items():
        if isinstance(message, tuple):
            words.setdefault(message[0], [catalogue[message[0], 0], catalogue[message[0], 1]])
        elif message:
            words[message] = said
    return words


def _path(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / to_locale(language) / "LC_MESSAGES" / "djangojs.mo"
