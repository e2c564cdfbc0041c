"""Refusals that several actions share."""

from __future__ import annotations

from django.utils.translation import gettext

from assistant.actions import Refused


class StaleFlag(Refused):
    def __init__(self) -> None:
        super().__init__(
            "stale",
            gettext(
                "This changed after you opened it: somebody decided, a supporter said more, or the text was taken back. "
                "Nothing was done."
            ),
        )
