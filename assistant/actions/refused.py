"""When the answer to a person is no, and why."""

from __future__ import annotations

from django.utils.translation import gettext

from assistant.models import DraftRevision


class Refused(Exception):
    """A person asked for something that cannot be done now. The message is for them; nothing of theirs was lost."""

    def __init__(self, code: str, message: str, *, status: int = 409) -> None:
        self.code = code
        self.status = status
        super().__init__(message)


class StaleRevision(Refused):
    """The page started from an older revision. What it sent is kept as a branch."""

    def __init__(self, *, head: DraftRevision, branch: DraftRevision) -> None:
        self.head = head
        self.branch = branch
        super().__init__(
            "newer",
            gettext(
                "This reply was changed in another window. Both versions are kept; choose which one to go on with."
            ),
        )
