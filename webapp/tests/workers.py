"""Workers as they report themselves, for tests of what is shown about them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.utils import timezone

from assistant.inference.types import EngineState, Mode
from assistant.models import Worker

SHA = "ab" * 32
ADAPTER_SHA = "cd" * 32
BUSY = EngineState(
    slots=4,
    running=2,
    waiting=1,
    prepared=12,
    prepared_bytes=180 * 2**20,
    prepared_limit=512 * 2**20,
    prepared_hits=164,
    prepared_misses=36,
    evictions=5,
    prompt_tokens=130_000,
    reused_tokens=91_000,
    output_tokens=21_000,
    proposed_tokens=4_000,
    accepted_tokens=3_100,
    ended={"end": 190, "cancelled": 7, "length": 3},
    seconds_to_first_p50=0.4,
    seconds_to_first_p95=1.6,
    tokens_per_second=61.5,
    threads=2,
    resident_bytes=640 * 2**20,
    notes=("2 threads: measured fastest here.",),
)


def state(engine: EngineState = BUSY, **more: Any) -> dict[str, Any]:
    """What a worker writes into its row."""
    return {
        **asdict(engine),
        "notes": list(engine.notes),
        "model": "starter",
        "sha256": SHA,
        "size": 92_000_000,
        "adapters": {},
        "modes": [*Mode],
        "since": (timezone.now() - timedelta(hours=3)).isoformat(),
        "safety_passed_at": (timezone.now() - timedelta(seconds=30)).isoformat(),
    } | more


def worker(name: str = "here:1", *, silent_for: float = 1, **fields: Any) -> Worker:
    seen_at = timezone.now() - timedelta(seconds=silent_for)
    return Worker.objects.create(**{"name": name, "seen_at": seen_at, "model": "starter", "state": state()} | fields)
