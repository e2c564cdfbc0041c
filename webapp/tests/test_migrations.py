"""A new database takes one step for each part; one that came step by step is the same in the end."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState

from moderation.models import Flag
from webapp import test as build

SHORTENED = ("assistant", "moderation", "studies")


def states(*, in_one: bool) -> dict[tuple[str, str], ModelState]:
    loader = MigrationLoader(None, replace_migrations=in_one)
    last = [node for node in loader.graph.leaf_nodes() if in_one or "_squashed_" not in node[1]]
    return {key: model for key, model in loader.project_state(last).models.items() if key[0] in SHORTENED}


def written(model: ModelState) -> dict[str, Any]:
    options = {name: value for name, value in model.options.items() if name != "abstract"}  # only written for a mixin
    named = {
        kind: {one.name: one.deconstruct() for one in options.pop(kind, [])} for kind in ("constraints", "indexes")
    }
    fields = {name: field.deconstruct()[1:] for name, field in model.fields.items()}
    return {"fields": fields, "options": options, **named}


def test_the_short_way_and_the_steps_lead_to_the_same_tables() -> None:
    short, steps = states(in_one=True), states(in_one=False)
    assert set(short) == set(steps)
    for key, model in short.items():
        assert written(model) == written(steps[key]), key


@pytest.mark.parametrize("app", SHORTENED)
def test_the_short_way_leaves_out_no_step(app: str) -> None:
    """Those that were added since come after both."""
    found = MigrationLoader(None).disk_migrations
    names = sorted(name for label, name in found if label == app)
    (short,) = (name for name in names if "_squashed_" in name)
    replaced = [name for _, name in found[app, short].replaces]
    steps = [name for name in names if name != short]
    assert replaced == steps[: len(replaced)]
    assert short.endswith(f"_squashed_{replaced[-1][:4]}")


@pytest.mark.django_db
def test_flags_from_before_take_the_language_of_their_post() -> None:
    spanish = Flag.objects.get(post=build.post(build.URGENT_POST, language="es"))
    Flag.objects.update(language="en")
    import_module("moderation.migrations.0008_language").take_from_the_post(apps, None)
    spanish.refresh_from_db()
    assert spanish.language == "es"
