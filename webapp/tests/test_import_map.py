"""The import map of the pages: without its row there, a module comes under its plain name, and an old one after an update."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings


def test_every_module_that_another_imports_is_in_the_map() -> None:
    base = Path(settings.BASE_DIR)
    scripts = [path.read_text(encoding="utf-8") for path in (base / "static" / "js").glob("*.js")]
    imported = {name for script in scripts for name in re.findall(r'from "\./([\w-]+\.js)"', script)}
    page = (base / "templates" / "base.html").read_text(encoding="utf-8")
    mapped = re.findall(r'get_static_prefix %}js/([\w-]+\.js)": "{% static .js/([\w-]+\.js). %}"', page)
    assert len(imported) > 8
    assert sorted(mapped) == [(name, name) for name in sorted(imported)]
