"""Keys of cases, and the audit log."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models.functions import Now

from assistant.vault.keys import CaseErased, master_keys, new_key


class CaseKey(models.Model):
    """One case is a post and everything that was written because of it. This row is its key.

    Destroying the key erases the case everywhere, in backups of the other tables too. The row stays, as proof and so
    that numbers (how many posts, how long they waited) still add up.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    wrapped = models.BinaryField(null=True)
    master_id = models.CharField(max_length=40)
    created_at = models.DateTimeField(db_default=Now())
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("view_audit", "Can read the audit log")]

    @classmethod
    def open_case(cls) -> Self:
        case = cls()
        case.master_id, case.wrapped = master_keys().wrap(new_key(), case_id=str(case.id))
        case.save(force_insert=True)
        return case

    def key(self) -> bytes:
        if self.wrapped is None:
            raise CaseErased(f"case {self.id}: its key was destroyed.")
        return master_keys().unwrap(bytes(self.wrapped), master_id=self.master_id, case_id=str(self.id))

    def wrap_again(self) -> None:
        """Wrap the same case key with the newest master key; the encrypted rows stay as they are."""
        self.master_id, self.wrapped = master_keys().wrap(self.key(), case_id=str(self.id))
        self.save(update_fields=["master_id", "wrapped"])


class AuditEvent(models.Model):
    """One act, without content. Written by assistant.vault.audit only; never changed, never deleted."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=40, blank=True)  # user id; empty for the system
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=60)
    outcome = models.CharField(max_length=40)
    code = models.CharField(max_length=100, blank=True)
    prev = models.CharField(max_length=64)
    mac = models.CharField(max_length=64)

    class Meta:
        ordering = ["seq"]
        indexes = [
            models.Index(fields=["object_id"]),  # what was done to one row
            models.Index(fields=["action", "at", "object_id"]),
        ]
