"""How long screening a post takes, beside the model that others would put there, on the same texts in the same run.

python -m bench.screening                 200 posts of 2,000 characters, 10 of 40,000

The named peer is scikit-learn's usual classifier of texts: TF-IDF over words, pairs and two to five letters in a row, then
logistic regression. It gives one number, without spans, reasons or a check that it works; its time is a floor, not a goal.
Texts are put together from the invented posts of evaluation/data/carriers.toml. No model and no worker runs.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from assistant.safety.pipeline import default_pipeline, screen
from assistant.safety.types import Context, Kind

CARRIERS = Path(__file__).parents[1] / "evaluation" / "data" / "carriers.toml"
POST = Context(kind=Kind.POST)
BAR_MS = 50.0  # for 2,000 characters at the 95th percentile, on two cores


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.screening", description=__doc__)
    parser.add_argument("--posts", type=int, default=200, help="posts of 2,000 characters")
    given = parser.parse_args(arguments)
    lines = invented_lines()
    short, long = texts(lines, 2_000, given.posts), texts(lines, 40_000, max(2, given.posts // 20))
    peer = trained_peer(short)
    default_pipeline()
    for text in short[:5]:  # word lists and caches are read once in a process
        screen(text, POST)
        peer(text)
    print("| what | characters | median ms | p95 ms |\n| --- | --: | --: | --: |")
    rows = {}
    for name, check, posts in (
        ("Lantern, all phases", lambda text: screen(text, POST), short),
        ("TF-IDF and logistic regression (scikit-learn)", peer, short),
        ("Lantern, all phases", lambda text: screen(text, POST), long),
        ("TF-IDF and logistic regression (scikit-learn)", peer, long),
    ):
        times = [timed(check, text) for text in posts]
        rows[name, len(posts[0])] = times
        print(f"| {name} | {len(posts[0]):,} | {statistics.median(times):.1f} | {p95(times):.1f} |")
    ours, theirs = (statistics.median(times) for (_name, size), times in rows.items() if size < 10_000)
    print(f"\nRatio of the medians at 2,000 characters: {ours / theirs:.2f}")
    return 0 if p95(rows["Lantern, all phases", len(short[0])]) <= BAR_MS else 1


def invented_lines() -> list[str]:
    table = tomllib.loads(CARRIERS.read_text(encoding="utf-8"))
    return [post.format(self="a person", name="Sam", other="Alex") for post in table["posts"]]


def texts(lines: Sequence[str], length: int, count: int) -> list[str]:
    """Seeded mixtures of the lines, cut at the length."""
    mixed = random.Random(7)
    return ["\n".join(mixed.choices(lines, k=length // 40))[:length] for _ in range(count)]


def trained_peer(posts: Sequence[str]) -> Callable[[str], object]:
    """Fitted on the texts at hand: its time depends on its vocabulary, and what it answers does not matter here."""
    reading = make_union(TfidfVectorizer(ngram_range=(1, 2)), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)))
    model = make_pipeline(reading, LogisticRegression(max_iter=200))
    model.fit(posts, [number % 2 for number in range(len(posts))])
    return lambda text: model.predict_proba([text])


def timed(check: Callable[[str], object], text: str) -> float:
    began = time.perf_counter()
    check(text)
    return (time.perf_counter() - began) * 1000


def p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    sys.exit(main())
