"""Replies that others published as rows of the suite `language`.

python -m evaluation.language.convert --format epitome --data FILE --arm peers --out ROWS

So several sources can be put into one file and compared as arms. What is written holds people's texts: it is refused inside the
repository, but for `var/`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from evaluation.language.replies import FORMS, read_replies
from evaluation.revisions.sheet import not_to_commit
from evaluation.suite import BadData


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.language.convert", description=__doc__)
    parser.add_argument("--format", choices=FORMS, required=True)
    parser.add_argument("--data", type=Path, required=True, metavar="FILE")
    parser.add_argument("--arm", required=True, help="who wrote the replies")
    parser.add_argument("--out", type=Path, required=True, metavar="ROWS")
    given = parser.parse_args(arguments)
    try:
        replies = read_replies(given.data, given.format)
        not_to_commit(given.out).parent.mkdir(parents=True, exist_ok=True)
    except BadData as error:
        print(error, file=sys.stderr)
        return 2
    rows = (
        {"id": one.case, "arm": given.arm, "post": one.post, "text": one.text, "language": one.language}
        for one in replies
    )
    given.out.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    print(f"{given.out}: {len(replies):,} replies")
    return 0


if __name__ == "__main__":
    sys.exit(main())
