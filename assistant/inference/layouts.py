"""Which layout of the weights a machine should use: the fastest one whose quality stays within the bound.

The bound was set before anything was measured; docs/decisions/0012 says why it is what it is.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any, Self

from assistant.inference.quality import Comparison

CANDIDATES = ("Q4_0", "Q8_0", "Q4_K_M", "Q6_K", "IQ4_NL", "BF16", "F16")
QUICK_CANDIDATES = ("Q4_0", "Q8_0", "BF16")  # the coarsest with kernels of its own, and two that lose next to nothing
UNQUANTISED = (
    "BF16",
    "F16",
)  # four times the bytes: worth it where the processor, not the memory, is what one waits for
LARGEST_UNQUANTISED = 2**30  # bytes of the original
FOUR_BITS = ("Q4", "IQ4")
ROUNDS = 3
QUICK_SECONDS = 150.0  # then it is given up; about 30 on two quiet cores of 2026 with the starter model
QUICK_PASSAGES, QUICK_QUADRUPLES = 10, 10
NEW_PROMPT_TOKENS, OUTPUT_TOKENS = 280, 120  # of the standard request: a post and a draft behind a shared beginning
MOST_PERPLEXITY = 1.03  # times the original's: of held-out passages, and of revisions that people would take
LEAST_CHANCE = 0.05  # of as many lost preferences, were the file no worse than the original
LEAST_GAIN = 1.05  # a smaller one is not worth a second file


@dataclass(frozen=True, slots=True)
class Speed:
    """Medians of the rounds, tokens a second."""

    prefill: float  # 512 tokens behind 400
    decode: float  # one row
    decode_eight: float  # eight rows, all together
    seconds: tuple[float, ...] = ()  # of the machine for a standard request, each round

    @classmethod
    def of_rounds(cls, rounds: list[dict[str, float]]) -> Self:
        return cls(
            prefill=statistics.median(row["prefill"] for row in rounds),
            decode=statistics.median(row["decode"] for row in rounds),
            decode_eight=statistics.median(row["decode_eight"] for row in rounds),
            seconds=tuple(standard_request(**row) for row in rounds),
        )

    @property
    def request_seconds(self) -> float:
        return statistics.median(self.seconds)


def standard_request(*, prefill: float, decode: float, decode_eight: float) -> float:
    """Seconds of the machine, when half of the requests come alone and half of them eight at a time."""
    return NEW_PROMPT_TOKENS / prefill + OUTPUT_TOKENS / 2 * (1 / decode + 1 / decode_eight)


def gain(speed: Speed, original: Speed) -> float:
    """How many times as fast, by rounds: what disturbed a round disturbed both."""
    return statistics.median(old / new for new, old in zip(speed.seconds, original.seconds, strict=True))


def out_of_bound(found: Comparison) -> str:
    """Why this file may not stand in for the original; empty when it may."""
    if found.perplexity.value > MOST_PERPLEXITY:
        return f"perplexity {found.perplexity} times the original's, at most {MOST_PERPLEXITY} is allowed"
    if found.reference is not None and found.reference.value > MOST_PERPLEXITY:
        return (
            f"perplexity of good revisions {found.reference} times the original's, at most {MOST_PERPLEXITY} is allowed"
        )
    if found.lost > found.won and found.chance_of_losses < LEAST_CHANCE:
        return f"prefers the better revision {found.preferred} times instead of {found.preferred_before} of {found.quadruples}"
    return ""


def by_speed(speeds: dict[str, Speed], original: str) -> list[str]:
    """Candidates worth a look at their quality, fastest first."""
    gains = {name: gain(speed, speeds[original]) for name, speed in speeds.items() if name != original}
    return sorted((name for name in gains if gains[name] >= LEAST_GAIN), key=lambda name: -gains[name])


def candidates(layout: str, *, size: int, quick: bool) -> tuple[str, ...]:
    """`size`: bytes of the original."""
    left_out = {layout}
    if size > LARGEST_UNQUANTISED:
        left_out.update(UNQUANTISED)
    if quick and layout.startswith(FOUR_BITS):
        # Rounded to four bits a second time; wherever that was measured it was far out of the bound.
        left_out.add("Q4_0")
    return tuple(name for name in (QUICK_CANDIDATES if quick else CANDIDATES) if name not in left_out)


def figures_of(speed: Speed) -> dict[str, Any]:
    return {
        "prefill_tokens_per_second": round(speed.prefill, 1),
        "decode_tokens_per_second": round(speed.decode, 1),
        "decode_eight_tokens_per_second": round(speed.decode_eight, 1),
        "standard_request_seconds": round(speed.request_seconds, 3),
    }
