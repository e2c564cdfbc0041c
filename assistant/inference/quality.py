"""What a layout costs in quality: figures of one file beside those of the original, from the same texts."""

from __future__ import annotations

import math
import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

HELDOUT = Path(__file__).with_name("heldout.toml")
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Quadruple:
    """A post, a draft, and two revisions of it, of which people would take the first."""

    post: str
    draft: str
    better: str
    worse: str


@dataclass(frozen=True, slots=True)
class Texts:
    passages: tuple[str, ...]
    quadruples: tuple[Quadruple, ...]

    @classmethod
    def read(cls, path: Path = HELDOUT) -> Self:
        """A TOML file of passages and quadruples, or any other text: a passage for each paragraph. Raises ValueError."""
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".toml":
            return cls(tuple(part.strip() for part in text.split("\n\n") if len(part.split()) >= 20), ())
        try:
            table = tomllib.loads(text)
            return cls(
                tuple(str(passage["text"]).strip() for passage in table["passage"]),
                tuple(Quadruple(**{key: value.strip() for key, value in row.items()}) for row in table["quadruple"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{path}: want [[passage]] with text, [[quadruple]] with post, draft, better, worse."
            ) from error

    def first(self, passages: int, quadruples: int) -> Texts:
        return Texts(self.passages[:passages], self.quadruples[:quadruples])


@dataclass(frozen=True, slots=True)
class Scores:
    """What one file made of the texts. Losses are sums of −log p over the tokens of a text."""

    tokens: tuple[int, ...]  # predicted, of each passage
    losses: tuple[float, ...]
    better_tokens: tuple[int, ...]  # of each quadruple
    better_losses: tuple[float, ...]
    worse_losses: tuple[float, ...]  # per token
    agreement: float | None = None  # share of passage tokens where its likeliest is the original's
    divergence: float | None = None  # mean KL(original ‖ this), over the original's 64 likeliest and the rest as one

    @property
    def perplexity(self) -> float:
        return math.exp(sum(self.losses) / sum(self.tokens))

    @property
    def reference_perplexity(self) -> float | None:
        """Of the better revisions, each after its post and draft."""
        return math.exp(sum(self.better_losses) / sum(self.better_tokens)) if self.better_tokens else None

    @property
    def preferred(self) -> tuple[bool, ...]:
        """Whether the better revision is the likelier one, by token."""
        each = zip(self.better_losses, self.better_tokens, self.worse_losses, strict=True)
        return tuple(loss / tokens < worse for loss, tokens, worse in each)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of two perplexities, with its 95 % interval: texts are drawn again as pairs."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One file beside the original."""

    perplexity: Ratio
    reference: Ratio | None
    preferred: int  # quadruples of which this file prefers the better revision
    preferred_before: int
    quadruples: int
    lost: int  # preferred by the original, not by this file
    won: int
    agreement: float | None
    divergence: float | None

    @property
    def chance_of_losses(self) -> float:
        """One-sided sign test: how likely so many losses among the changed quadruples are, if nothing is worse."""
        changed = self.lost + self.won
        return float(sum(math.comb(changed, k) for k in range(self.lost, changed + 1)) / 2.0**changed)


def compare(scores: Scores, original: Scores) -> Comparison:
    now, before = scores.preferred, original.preferred
    return Comparison(
        perplexity=ratio(scores.losses, original.losses, original.tokens),
        reference=ratio(scores.better_losses, original.better_losses, original.better_tokens) if now else None,
        preferred=sum(now),
        preferred_before=sum(before),
        quadruples=len(now),
        lost=sum(b and not n for n, b in zip(now, before, strict=True)),
        won=sum(n and not b for n, b in zip(now, before, strict=True)),
        agreement=scores.agreement,
        divergence=scores.divergence,
    )


def ratio(losses: Sequence[float], before: Sequence[float], tokens: Sequence[int]) -> Ratio:
    rows = list(zip(losses, before, tokens, strict=True))

    def of(chosen: Sequence[tuple[float, float, int]]) -> float:
        return math.exp(sum(loss - old for loss, old, _ in chosen) / sum(count for *_, count in chosen))

    drawn = random.Random(1)  # noqa: S311 the same figures give the same interval
    resampled = sorted(of(drawn.choices(rows, k=len(rows))) for _ in range(RESAMPLES))
    return Ratio(of(rows), resampled[int(0.025 * RESAMPLES)], resampled[int(0.975 * RESAMPLES)])
