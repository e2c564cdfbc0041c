"""Times in conditional updates come from the database's clock: workers and web may disagree about the hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now


def from_now(delay: timedelta) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(Now() + delay, output_field=DateTimeField())
