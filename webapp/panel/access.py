"""The only door from an id in a URL to a row. What is not for you does not exist: 404."""

from __future__ import annotations

import uuid
from typing import Any

from django.shortcuts import get_object_or_404

from assistant.models import GateOverride, ModelVersion, PanelItem, PanelSample, SignOff


def version_of_id(version_id: uuid.UUID) -> ModelVersion:
    return get_object_or_404(ModelVersion.objects.select_related("base", "derived_from"), id=version_id)


def sample_of_id(sample_id: uuid.UUID) -> PanelSample:
    return get_object_or_404(PanelSample.objects.select_related("case", "version"), id=sample_id)


def item_of_id(output_id: uuid.UUID) -> PanelItem:
    """Of a sample whose text nobody erased."""
    rows = PanelItem.objects.filter(case__destroyed_at=None, sample__case__destroyed_at=None)
    return get_object_or_404(rows.select_related("case", "sample__case"), id=output_id)


def own_sign_off(user: Any, sign_off_id: uuid.UUID) -> SignOff:
    return get_object_or_404(SignOff.objects.select_related("version"), id=sign_off_id, by=user)


def override_of_id(override_id: uuid.UUID) -> GateOverride:
    return get_object_or_404(GateOverride.objects.select_related("version", "over", "by"), id=override_id)
