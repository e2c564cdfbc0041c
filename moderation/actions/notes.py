"""What a moderator notes for the next one."""

from __future__ import annotations

from typing import Any

from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.models import CaseNote, Flag


@one_transaction
def add_note(flag: Flag, *, text: str, by: Any) -> CaseNote:
    note = CaseNote(case=flag.case, by=by, text=text)
    note.save(force_insert=True)
    audit.record("case.noted", actor=by, object_type="case", object_id=flag.case_id)
    return note
