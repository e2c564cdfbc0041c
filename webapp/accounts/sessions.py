"""Sessions in the database, in a table that names their person, so that ending somebody's is one query.

Found by keys that we could have made: Postgres fails on a cookie that holds NUL.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.utils import timezone

from webapp.accounts.models import Session

BEGAN = "began"  # of the data of a session: when somebody signed in, and on what
DEVICE = "device"


class SessionStore(DatabaseSessions):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and len(key) == 32 and key.isascii() and key.isalnum()

    def load(self) -> dict[str, Any]:
        row: Session | None = self._get_session_from_db()  # type: ignore[attr-defined]  # django-stubs leave it out
        if row is None:
            return {}
        row.note_use()
        return dict(self.decode(row.session_data))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        return named(super().create_model_instance(data), data)

    async def acreate_model_instance(self, data: dict[str, Any]) -> Session:
        return named(await super().acreate_model_instance(data), data)


def named(row: Any, data: dict[str, Any]) -> Session:
    """Every column is written at every save, so all come from the data."""
    row.handle = handle_of(row.session_key)
    row.user_id = data.get(SESSION_KEY)
    row.began_at = datetime.fromisoformat(data[BEGAN]) if BEGAN in data else None
    row.seen_at = timezone.now()
    row.device = data.get(DEVICE, "")
    session: Session = row
    return session


def handle_of(session_key: str) -> uuid.UUID:
    return uuid.UUID(bytes=hashlib.sha256(session_key.encode()).digest()[:16])
