"""In the outgrown form, with the real model: opening a page prepares, the click uses it, the end of the writing drops it."""

from __future__ import annotations

from typing import Any

import pytest

from webapp.running import Outgrown
from webapp.visitor import Visitor

pytestmark = [pytest.mark.process, pytest.mark.model]

POST = "I moved to a new town for work and the evenings are long. I miss having somebody to cook with."
DRAFT = (
    "Moving somewhere new is hard. I remember how quiet my first flat was. What do you like to cook? Is there a club?"
)

# The worker says every three seconds what its engine does; this waits until it says so many.
REPORTED = """
import time
from assistant.models import Worker
name, wanted = values[0], int(values[1])
end = time.monotonic() + 20
answer = -1
while time.monotonic() < end and answer < 0:
    said = Worker.objects.latest("seen_at").state.get(name, -1)  # one that was killed leaves its row
    if wanted < 0 or said == wanted:
        answer = said
    time.sleep(0.2)
"""


def reported(site: Outgrown, name: str, wanted: int = -1) -> Any:
    return site.look(REPORTED, name, str(wanted))


@pytest.mark.deep
def test_what_is_written_to_is_prepared_and_dropped(outgrown_site: Outgrown) -> None:
    site = outgrown_site
    with Visitor(site.url).sign_in() as admin:
        admin.send("/posts/enter", text=POST, language="en", country="")
        supporter = admin.invite("early", "supporter")
        kept, hits = reported(site, "prepared"), reported(site, "prepared_hits")
        draft = supporter.take_post()
        supporter.page(f"/drafts/{draft}/")
        assert reported(site, "prepared", kept + 1) == kept + 1
        job = supporter.ask(draft, DRAFT, base=supporter.save(draft, DRAFT))
        assert supporter.listen(job).status in ("done", "held")
        assert reported(site, "prepared_hits", hits + 1) == hits + 1
        assert supporter.send(f"/drafts/{draft}/give-back").status_code == 302
        assert reported(site, "prepared", kept) == kept
