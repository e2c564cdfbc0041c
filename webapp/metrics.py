"""The same numbers for Prometheus. A registry is made for each request: nothing is kept between two of them.

No label may carry a text or the name of a person: labels are names of workers and models, hashes, and codes of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

from assistant.inference.types import EngineState
from assistant.safety import pipeline
from webapp import watching
from webapp.watching import Loaded, Seen

WORKER_STATES = ("ready", "loading", "without_model", "silent")
THIS_SITE = "site"  # beside the names of the workers: the web process that answered

Sample = tuple[str, tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Described:
    help: str
    labels: tuple[str, ...] = ()

    def family(self, name: str) -> Metric:
        kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
        return kind(name, self.help, labels=self.labels)


ENGINE = ("worker", "model")

# What an engine reports about itself, by the name of the field. Counts begin anew when it is loaded anew.
OF_ENGINE = {
    "slots": "lantern_engine_slots",
    "running": "lantern_engine_requests_running",
    "waiting": "lantern_engine_requests_waiting",
    "prepared": "lantern_engine_prepared_contexts",
    "prepared_bytes": "lantern_engine_prepared_bytes",
    "prepared_limit": "lantern_engine_prepared_limit_bytes",
    "prepared_hits": "lantern_engine_prepared_hits_total",
    "prepared_misses": "lantern_engine_prepared_misses_total",
    "evictions": "lantern_engine_prepared_evictions_total",
    "prompt_tokens": "lantern_engine_prompt_tokens_total",
    "reused_tokens": "lantern_engine_reused_tokens_total",
    "output_tokens": "lantern_engine_output_tokens_total",
    "proposed_tokens": "lantern_engine_proposed_tokens_total",
    "accepted_tokens": "lantern_engine_accepted_tokens_total",
    "seconds_to_first_p50": "lantern_engine_first_text_p50_seconds",
    "seconds_to_first_p95": "lantern_engine_first_text_p95_seconds",
    "tokens_per_second": "lantern_engine_tokens_per_second",
    "threads": "lantern_engine_threads",
    "resident_bytes": "lantern_engine_resident_bytes",
}

METRICS = {
    # The site
    "lantern_info": Described("The version of the site; always 1.", ("version",)),
    "lantern_jobs": Described("Suggestion jobs that wait or run.", ("mode", "status")),
    "lantern_jobs_oldest_queued_seconds": Described(
        "How long the first job of the queue waits; 0 without one.", ("mode",)
    ),
    "lantern_jobs_ended_last_hour": Described(
        "Suggestion jobs that ended within an hour, and why: of a done one, why the model stopped.",
        ("mode", "status", "reason"),
    ),
    "lantern_second_readings_waiting": Described("Posts that the second reader has still to read."),
    "lantern_flags_open": Described(
        "Flags that wait for a decision, by what is flagged and by the tier of the post in their case.",
        ("subject", "tier"),
    ),
    "lantern_flags_oldest_seconds": Described(
        "How long the first of these flags waits; 0 without one.", ("subject", "tier")
    ),
    "lantern_alerts_open": Described(
        "Alerts whose matter is not over, by kind and by whether somebody has it.", ("kind", "held")
    ),
    "lantern_notifier_seen_timestamp_seconds": Described(
        "When a process that delivers alerts last reported itself.", ("process",)
    ),
    "lantern_invariants_checked_timestamp_seconds": Described("When the site last checked itself; 0: never."),
    "lantern_invariants_failing": Described("What must be 0 and was not at the last check.", ("code",)),
    "lantern_safety_checks_open": Described(
        "Safety checks that a process does not trust now; 0 is well.", ("process",)
    ),
    "lantern_safety_passed_timestamp_seconds": Described(
        "When a process last judged all its test sentences rightly; 0: not since it started.", ("process",)
    ),
    # Models and workers
    "lantern_model_active_info": Described(
        "What answers in a mode from the next job on; always 1. An adapter names its base.",
        ("mode", "model", "kind", "layout", "sha256", "base"),
    ),
    "lantern_model_active_since_timestamp_seconds": Described("When it was made active.", ("mode",)),
    "lantern_workers": Described("Workers by state; those that fell silent are counted for a day.", ("state",)),
    "lantern_worker_seen_timestamp_seconds": Described("When a worker last reported itself.", ("worker",)),
    "lantern_worker_start_timestamp_seconds": Described("When a worker started.", ("worker",)),
    # The engine of each worker that reports itself
    "lantern_engine_info": Described("The base model that is loaded; always 1.", (*ENGINE, "sha256")),
    "lantern_engine_adapter_info": Described("An adapter that is loaded; always 1.", (*ENGINE, "adapter", "sha256")),
    "lantern_engine_slots": Described("Requests that it can decode at a time.", ENGINE),
    "lantern_engine_requests_running": Described("Requests that are being decoded.", ENGINE),
    "lantern_engine_requests_waiting": Described("Requests that wait in the engine for a slot.", ENGINE),
    "lantern_engine_prepared_contexts": Described("Contexts kept for cases that may be asked about.", ENGINE),
    "lantern_engine_prepared_bytes": Described("Memory of the prepared contexts.", ENGINE),
    "lantern_engine_prepared_limit_bytes": Described("Memory that prepared contexts may have.", ENGINE),
    "lantern_engine_prepared_hits_total": Described("Requests that began from a context of their case.", ENGINE),
    "lantern_engine_prepared_misses_total": Described("Requests of a case that had no context.", ENGINE),
    "lantern_engine_prepared_evictions_total": Described("Contexts dropped for want of memory.", ENGINE),
    "lantern_engine_prompt_tokens_total": Described("Tokens of prompts, the reused ones among them.", ENGINE),
    "lantern_engine_reused_tokens_total": Described("Tokens of prompts that were not evaluated again.", ENGINE),
    "lantern_engine_output_tokens_total": Described("Tokens written.", ENGINE),
    "lantern_engine_proposed_tokens_total": Described("Tokens that draft lookup proposed.", ENGINE),
    "lantern_engine_accepted_tokens_total": Described("Proposed tokens that the model agreed to.", ENGINE),
    "lantern_engine_requests_ended_total": Described(
        "Requests by how they ended: a stop reason or the code of an error.", (*ENGINE, "reason")
    ),
    "lantern_engine_first_text_p50_seconds": Described(
        "From submit to the first token, median of the latest requests.", ENGINE
    ),
    "lantern_engine_first_text_p95_seconds": Described(
        "From submit to the first token, 95th percentile of the latest requests.", ENGINE
    ),
    "lantern_engine_tokens_per_second": Described(
        "Tokens of the requests that ended within a minute, per second.", ENGINE
    ),
    "lantern_engine_threads": Described("Threads that compute.", ENGINE),
    "lantern_engine_resident_bytes": Described("Resident memory of the worker's process.", ENGINE),
}


class Site(Collector):
    def collect(self) -> Iterator[Metric]:
        families = {name: described.family(name) for name, described in METRICS.items()}
        for name, labels, value in samples():
            families[name].add_metric(labels, value)  # type: ignore[attr-defined]
        yield from families.values()


def exposition(accept: str) -> tuple[bytes, str]:
    """The answer, and what type it has for somebody who accepts these."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Site())
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def samples() -> Iterator[Sample]:
    workers = watching.workers()
    live = [worker for worker in workers if not worker.silent]
    yield "lantern_info", (settings.VERSION,), 1
    yield from of_the_queue()
    yield from of_moderation()
    yield from of_alerts()
    yield from of_safety(live)
    yield from of_models()
    yield from of_workers(workers)
    for worker in live:
        for one in worker.loaded:
            if one.engine is not None:
                yield from of_engine(worker, one, one.engine)


def of_the_queue() -> Iterator[Sample]:
    for line in watching.lines():
        yield "lantern_jobs", (line.mode, "queued"), line.queued
        yield "lantern_jobs", (line.mode, "running"), line.running
        yield "lantern_jobs_oldest_queued_seconds", (line.mode,), line.oldest_seconds
    for labels, count in watching.ended_in_the_last_hour().items():
        yield "lantern_jobs_ended_last_hour", labels, count
    yield "lantern_second_readings_waiting", (), watching.readings_waiting()


def of_moderation() -> Iterator[Sample]:
    for flags in watching.open_flags():
        yield "lantern_flags_open", (flags.subject, flags.tier), flags.count
        yield "lantern_flags_oldest_seconds", (flags.subject, flags.tier), flags.oldest_seconds


def of_alerts() -> Iterator[Sample]:
    for labels, count in watching.open_alerts().items():
        yield "lantern_alerts_open", labels, count
    for beat in watching.notifiers():
        yield "lantern_notifier_seen_timestamp_seconds", (beat.name,), beat.seen_at.timestamp()
    check = watching.last_check()
    yield "lantern_invariants_checked_timestamp_seconds", (), check.at.timestamp() if check is not None else 0
    for code, count in (check.failing if check is not None else {}).items():
        yield "lantern_invariants_failing", (code,), count


def of_safety(live: list[Seen]) -> Iterator[Sample]:
    passed_here = watching.moment(pipeline.passed_at())
    processes = [(THIS_SITE, len(pipeline.troubles()), passed_here)]
    processes += [(worker.name, worker.checks_open, worker.passed_at) for worker in live]
    for name, checks_open, passed_at in processes:
        yield "lantern_safety_checks_open", (name,), checks_open
        yield "lantern_safety_passed_timestamp_seconds", (name,), passed_at.timestamp() if passed_at else 0


def of_models() -> Iterator[Sample]:
    for active in watching.active():
        if active.version is None or active.at is None:
            continue
        one = active.version
        base = one.base.name if one.base else ""
        labels = (active.mode, one.name, one.kind, one.layout, one.sha256, base)
        yield "lantern_model_active_info", labels, 1
        yield "lantern_model_active_since_timestamp_seconds", (active.mode,), active.at.timestamp()


def of_workers(workers: list[Seen]) -> Iterator[Sample]:
    for state in WORKER_STATES:
        yield "lantern_workers", (state,), sum(worker.state == state for worker in workers)
    for worker in workers:
        yield "lantern_worker_seen_timestamp_seconds", (worker.name,), worker.seen_at.timestamp()
        if worker.since is not None:
            yield "lantern_worker_start_timestamp_seconds", (worker.name,), worker.since.timestamp()


def of_engine(worker: Seen, loaded: Loaded, engine: EngineState) -> Iterator[Sample]:
    labels = (worker.name, loaded.model)
    yield "lantern_engine_info", (*labels, loaded.sha256), 1
    for adapter, sha256 in loaded.adapters.items():
        yield "lantern_engine_adapter_info", (*labels, adapter, sha256), 1
    for field, name in OF_ENGINE.items():
        value = getattr(engine, field)
        if value is not None:
            yield name, labels, value
    for reason, count in engine.ended.items():
        yield "lantern_engine_requests_ended_total", (*labels, reason), count
