"""Marks a sentence of a page for makemessages where no Django is known. It stays English here; the page that shows it says it
in its language."""

from __future__ import annotations


def gettext_noop(sentence: str) -> str:
    return sentence
