"""What a study with people comes to.

    python -m evaluation.studies STUDY.json --out DIR [--texts texts.json]

reads what `manage.py studies export` wrote, and writes into DIR: report.json (its keys are described in
evaluation/studies/report.py), decide.md, check.md, and plots as SVG. The same file makes the same files. Exit: 0 written,
2 a file could not be read, with one sentence that says which, where, and what is expected there.

    python -m evaluation.studies power --items 60 --arms 4 --raters 6 --effect 0.3 --sd 1.0 [--json]
    python -m evaluation.studies simulate --runs 100 --items 60 --arms 4 --raters 6 --seed 1 [--json]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluation.studies import power, simulated
from evaluation.studies.report import write_report
from evaluation.studies.stored import read_study, read_texts
from evaluation.suite import BadData

COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"power": power.main, "simulate": simulated.main}


def main(arguments: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given and given[0] in COMMANDS:
        return COMMANDS[given[0]](given[1:])
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.studies", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path, metavar="STUDY.json")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--texts", type=Path, metavar="texts.json", help="scrubbed texts, for the examples in check.md")
    asked = parser.parse_args(given)
    try:
        study = read_study(asked.study)
        texts = read_texts(asked.texts, study) if asked.texts else None
    except BadData as error:
        print(error, file=sys.stderr)
        return 2
    report = write_report(study, asked.out, texts=texts)
    for planned in report["decide"]["planned"]:
        print(planned["words"])
    print(f"{len(study.ratings) + len(study.choices)} judgements; report in {asked.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
