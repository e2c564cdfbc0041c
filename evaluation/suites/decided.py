"""What moderators decided on one's own site, screened anew: do the checks of now say what people said?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.safety import records
from assistant.safety.pipeline import screen
from assistant.safety.types import Kind
from evaluation.judged import Judged, judged, time_facts
from evaluation.rows import Row, drawn, jsonl_rows
from evaluation.stats import share_of
from evaluation.suite import BadData, Figure, Options, Results, Suite, Table


@dataclass(frozen=True, slots=True)
class DecidedCase:
    id: str
    kind: Kind
    row: records.Row = field(repr=False)
    upheld: bool  # people saw it as the checks of then did
    layers: frozenset[str]  # that had found something then


@dataclass(frozen=True, slots=True)
class Seen:
    case: DecidedCase
    now: Judged


class Decided(Suite[DecidedCase]):
    name = "decided"
    version = 1
    says = (
        "texts that moderators decided about, as manage.py export_decisions writes them, screened by the checks of now"
    )

    def load(self, path: Path, options: Options) -> list[DecidedCase]:
        cases = [case for row in jsonl_rows(path) if (case := _case(row))]
        if not cases:
            raise BadData(path, "", "holds no text that people upheld or did not; write it with --kind post or reply.")
        return drawn(cases, options)

    def measure(self, cases: Sequence[DecidedCase], options: Options) -> Results:  # noqa: ARG002  the same for all suites
        seen = [Seen(case, judged(screen(case.row.text, case.row.context(case.kind)), case.kind)) for case in cases]
        right, wrong = ([one for one in seen if one.case.upheld is said] for said in (True, False))
        return Results(
            figures=(
                Figure("still found of what people upheld", share_of([one.now.flagged for one in right])),
                Figure("still found of what people did not", share_of([one.now.flagged for one in wrong])),
            ),
            tables=(layers_table(seen),),
            ids={
                "upheld and not found now": [one.case.id for one in right if not one.now.flagged],
                "not upheld and found now": [one.case.id for one in wrong if one.now.flagged],
            },
            notes=(
                "Only what a check had flagged was decided about, and the sample: what all checks miss is hardly in it.",
                "The texts are scrubbed, and only of people who agreed; they need not be like the others.",
            ),
            facts=time_facts([one.now.seconds for one in seen], sum(one.now.in_trouble for one in seen)),
        )


SUITE = Decided()


def _case(row: Row) -> DecidedCase | None:
    """None for a line of codes alone, and where nobody said whether the checks were right."""
    upheld = row.fields.get("upheld")
    if "text" not in row.fields or upheld is None:
        return None
    if not isinstance(upheld, bool):
        raise BadData(row.path, row.where, 'want "upheld" to be true, false or null.')
    said = records.Row(
        id=row.identity(row.where),
        text=row.text("text"),
        post=row.text("post", missing=""),
        draft=row.text("draft", missing=""),
        language=row.text("language", missing="en"),
    )
    layers = frozenset(code.partition(".")[0] for code in row.texts("codes"))
    return DecidedCase(str(said.id), Kind(row.one_of("kind", [kind.value for kind in Kind])), said, upheld, layers)


def layers_table(seen: Sequence[Seen]) -> Table:
    """By layer that had found something: how much of it any check still finds."""
    layers = sorted(set[str]().union(*(one.case.layers for one in seen)))
    rows = []
    for layer in layers:
        of_it = [one for one in seen if layer in one.case.layers]
        upheld, not_upheld = ([one.now.flagged for one in of_it if one.case.upheld is said] for said in (True, False))
        rows.append((layer, len(upheld), share_of(upheld), len(not_upheld), share_of(not_upheld)))
    columns = ("layer", "upheld", "still found", "not upheld", "still found")
    return Table("By the layer that had flagged it", columns, tuple(rows))
