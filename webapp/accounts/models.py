"""People. A supporter is known to others by a pseudonym, which is the user name."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        ordering = ["username"]
        permissions = [("manage_people", "Can invite people, change roles and deactivate")]

    @property
    def role_names(self) -> list[str]:
        return sorted(group.name for group in self.groups.all())

    def has_role(self, name: str) -> bool:
        return name in self.role_names
