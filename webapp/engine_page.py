"""What the page of the engine is given: each number with words that say what is good, and what to do when it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from assistant.actions.sign_offs import lack_of
from assistant.canary_page import tried_in
from assistant.inference.types import EngineState, Mode
from assistant.models import Deployment, ModelVersion
from webapp import watching
from webapp.watching import Active, Line, Loaded, Seen

LONG_WAIT = 10.0  # seconds in the queue; until then somebody who waits sees that it moves
FIRST_TEXT = 2.0, 6.0  # seconds: what half of the requests, and 19 of 20, should stay below
ENOUGH = 20  # requests, before a share says anything
FEW_ENOUGH = 0.05  # of the requests may end badly
ENDED_WELL = ("end", "length", "cancelled")

MODES = {Mode.IMPROVE: gettext_noop("Improving a draft"), Mode.GENERATE: gettext_noop("Drafting from the post")}
DOES: dict[str, str] = {
    Mode.IMPROVE: gettext_noop("improves drafts"),
    Mode.GENERATE: gettext_noop("drafts from the post"),
}
STATES = {
    gettext_noop("ready"): gettext_noop("ready"),
    "loading": gettext_noop("loading its model"),
    "without_model": gettext_noop("no usable model"),
    gettext_noop("silent"): gettext_noop("silent"),
}
ENDINGS = {
    "end": gettext_noop("finished"),
    "length": gettext_noop("cut at JOB_MAX_TOKENS"),
    "cancelled": gettext_noop("stopped by a person or a check"),
    "deadline": gettext_noop("past the deadline"),
    "repetition": gettext_noop("went in circles"),
    "prompt_too_long": gettext_noop("prompt too long"),
    "engine_busy": gettext_noop("refused: too many waited"),
    "engine_away": gettext_noop("server of the model away"),
    "model_unavailable": gettext_noop("no model"),
    "engine_error": gettext_noop("error of the engine"),
    "other": gettext_noop("something else"),
}
REMEDIES = {
    "deadline": gettext_noop(
        "Past the deadline: the machine is too slow for what is asked of it. Look at the queue and the threads first."
    ),
    "repetition": gettext_noop("In circles: try another model, or a temperature above 0 (MODEL_TEMPERATURE)."),
    "prompt_too_long": gettext_noop("Prompts too long: raise MODEL_CONTEXT_TOKENS if the model allows more."),
    "engine_busy": gettext_noop("Refused: start another worker, or raise MODEL_SLOTS."),
    "engine_away": gettext_noop(
        "The server that holds the model did not answer: look whether it runs and can be reached from the worker."
    ),
}
OTHERWISE = gettext_noop("Look into the log of this worker.")


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    value: str
    good: str  # what a good value is
    todo: str = ""  # what to do; empty while the value is good


@dataclass(frozen=True, slots=True)
class Hash:
    place: str  # unique on the page, so that an opened one stays open when the page is renewed
    full: str

    @property
    def short(self) -> str:
        return self.full[:12]


def page() -> dict[str, Any]:
    workers, answering, queue = watching.workers(), watching.active(), watching.lines()
    live = [worker for worker in workers if not worker.silent]
    bases = {active.mode: base_of(active.version) for active in answering if active.version is not None}
    modes = [mode_card(active, bases.get(active.mode), live) for active in answering]
    waiting = queue_figures(queue, live)
    cards = [worker_card(worker, bases) for worker in workers]
    return {
        "now": timezone.now(),
        "modes": modes,
        "queue": waiting,
        "workers": cards,
        "no_worker": "" if live else how_to_start_a_worker(),
        "todo": [*no_worker(live), *todos([], modes), *todos(waiting), *todos([], cards)],
    }


def todos(figures: Sequence[Figure], cards: Sequence[dict[str, Any]] = ()) -> Iterator[str]:
    """Everything that asks for somebody, where it stands."""
    yield from (f"{figure.label}: {figure.value}" for figure in figures if figure.todo)
    for card in cards:
        if card["todo"]:
            yield f"{card['name']}: {card['short_todo']}"
        yield from (f"{card['name']}, {todo[0].lower()}{todo[1:]}" for todo in todos(card["figures"]))


def no_worker(live: Sequence[Seen]) -> list[str]:
    return [] if live else [gettext("No worker is running")]


def how_to_start_a_worker() -> str:
    if settings.EMBEDDED:
        return gettext(
            "The worker lives in the server's own process and reports within seconds of the start."
            " If it does not, restart the site and look into its log."
        )
    return gettext(
        "Start one with `manage.py run_worker`, with the same settings as the site. It reports itself within seconds."
    )


# What answers


def base_of(version: ModelVersion) -> ModelVersion:
    """The file that a worker loads for this version."""
    return Deployment.base_for(version) if version.kind == ModelVersion.Kind.ADAPTER else version


def mode_card(active: Active, base: ModelVersion | None, live: Sequence[Seen]) -> dict[str, Any]:
    version = active.version
    todo, short_todo = mode_todo(active, live)
    return {
        "mode": active.mode,
        "name": gettext(MODES[active.mode]),
        "files": files_of(version, base, place=active.mode) if version is not None and base is not None else [],
        "since": active.at,
        "tried": tried_in(active.mode),
        "figures": [],
        "todo": todo,
        "short_todo": short_todo,
    }


def mode_todo(active: Active, live: Sequence[Seen]) -> tuple[str, str]:
    """What to do, and the same as a headline; both empty where somebody gives this help."""
    if active.version is None:
        return (
            gettext("Register one with `manage.py models add PATH`, then `manage.py models activate NAME`."),
            gettext("no model is active"),
        )
    if live and not any(active.mode in worker.modes for worker in live):
        return gettext("Start a worker whose WORKER_MODES has %(mode)s.") % {"mode": active.mode}, gettext(
            "no worker gives this help"
        )
    if lacks := lack_of(active.version):
        return lacks, gettext("not signed off by the clinician panel")
    return "", ""


def files_of(version: ModelVersion, base: ModelVersion, *, place: str) -> list[dict[str, Any]]:
    """The base, and the adapter on it where there is one."""
    if version == base:
        return [file_of(version, gettext("Model"), place=place)]
    return [file_of(base, gettext("Base"), place=place), file_of(version, gettext("Adapter"), place=place)]


def file_of(version: ModelVersion, label: str, *, place: str) -> dict[str, Any]:
    return {
        "label": label,
        "name": version.name,
        "page": reverse("panel:model", args=[version.id]),
        "layout": version.layout,
        "url": version.url,
        "size": megabytes(version.size) if version.size else "",
        "hash": hash_of(version.sha256, place=place),
    }


def hash_of(full: str, *, place: str) -> Hash | None:
    slug = sha256(f"{place} {full}".encode()).hexdigest()[:12]
    return Hash(f"hash-{slug}", full) if full else None


# The queue


def queue_figures(queue: Sequence[Line], live: Sequence[Seen]) -> list[Figure]:
    made = []
    for line in queue:
        slow = line.oldest_seconds > LONG_WAIT
        made.append(
            Figure(
                gettext("%(mode)s: waiting") % {"mode": gettext(MODES[line.mode])},
                gettext("%(count)s, the first for %(time)s")
                % {"count": line.queued, "time": seconds(line.oldest_seconds)}
                if line.queued
                else "0",
                gettext("Good: 0, or a wait that is shorter than %(long_wait)s s. Whoever waits sees their place.")
                % {"long_wait": f"{LONG_WAIT:.0f}"},
                why_slow(line, live) if slow else "",
            )
        )
        made.append(
            Figure(
                gettext("%(mode)s: running") % {"mode": gettext(MODES[line.mode])},
                str(line.running),
                gettext("Jobs that a worker has taken. It follows what people ask for."),
            )
        )
    if (readings := watching.readings_waiting()) or settings.SECOND_READER:
        made.append(
            Figure(
                gettext("Second readings waiting"),
                str(readings),
                gettext(
                    "Posts that the model has still to read, after everything else. Good is a number that falls in quiet hours."
                ),
                ""
                if settings.SECOND_READER
                else gettext("SECOND_READER is off, so nobody reads these. Switch it on, or leave them."),
            )
        )
    return made


def why_slow(line: Line, live: Sequence[Seen]) -> str:
    able = [worker for worker in live if line.mode in worker.modes and worker.model]
    if not able:
        return gettext("No worker with a model gives this help now. See the workers below.")
    engines = [one.engine for worker in able for one in worker.loaded if one.engine is not None]
    if any(engine.running < engine.slots for engine in engines):
        return gettext(
            "A worker has room and does not take it: raise WORKER_CONCURRENCY to MODEL_SLOTS or more,"
            " and look whether Redis answers."
        )
    return gettext(
        "Every slot is taken. Start another worker, or raise MODEL_SLOTS where there are cores and memory to spare."
    )


# Workers


def worker_card(worker: Seen, bases: Mapping[Mode, ModelVersion]) -> dict[str, Any]:
    todo = worker_todo(worker, bases)
    engines = [engine_card(one, worker) for one in worker.loaded]
    return {
        "name": worker.name,
        "state": worker.state,
        "state_words": gettext(STATES[worker.state]),
        "seen_at": worker.seen_at,
        "since": worker.since,
        "does": does(worker),
        "engines": engines,
        "figures": [figure for engine in engines for figure in engine["figures"]],
        "says_nothing": worker.state == gettext("ready") and not any(one.engine for one in worker.loaded),
        "todo": todo,
        "short_todo": gettext(STATES[worker.state])
        if worker.state != gettext("ready")
        else gettext("not what is active"),
    }


def does(worker: Seen) -> str:
    if len(worker.modes) == len(DOES):
        return gettext("improves drafts and drafts from the post")
    return " · ".join(gettext(DOES[mode]) for mode in worker.modes)


def engine_card(loaded: Loaded, worker: Seen) -> dict[str, Any]:
    engine = None if worker.silent else loaded.engine  # what it did when it was last heard is no news
    place = f"worker {worker.name} {loaded.model}"
    return {
        "model": loaded.model,
        "hash": hash_of(loaded.sha256, place=place),
        "adapters": [
            {"name": name, "hash": hash_of(full, place=f"{place} {name}")} for name, full in loaded.adapters.items()
        ],
        "notes": engine.notes if engine else (),
        "figures": engine_figures(engine) if engine else [],
    }


def worker_todo(worker: Seen, bases: Mapping[Mode, ModelVersion]) -> str:
    if worker.silent:
        return gettext(
            "Its jobs were given to others. If it is not meant to be gone, look into its log and start it again."
            " After a day it is no longer shown."
        )
    if worker.state == "without_model":
        return gettext(worker.problem) or gettext("It has not said why. Look into its log.")
    if worker.state == gettext("ready") and not has_what_is_active(worker, bases):
        return gettext(
            "It still has another model loaded than what is active. It changes with the next job, or within a minute."
        )
    return ""


def has_what_is_active(worker: Seen, bases: Mapping[Mode, ModelVersion]) -> bool:
    """Whether any mode of this worker is answered from the file that it has loaded. True where nobody can tell."""
    known = {base.sha256 for mode, base in bases.items() if mode in worker.modes}
    here = {one.sha256 for one in worker.loaded}
    return not here or "" in here or not known or "" in known or not here.isdisjoint(known)


def engine_figures(engine: EngineState) -> list[Figure]:
    return [
        running(engine),
        first_text(engine),
        Figure(
            gettext("Tokens per second"),
            f"{engine.tokens_per_second:.1f}",
            gettext(
                "Of the requests that ended within the last minute; 0 while nobody asks."
                " Good is what this machine had before, at as many requests."
            ),
        ),
        *prepared(engine),
        lookup(engine),
        endings(engine),
        Figure(
            gettext("Memory of the process"),
            megabytes(engine.resident_bytes),
            gettext(
                "Good: level over days. It rises while prepared contexts fill, then stays."
                " If it goes on rising, restart this worker and tell us."
            ),
        ),
        Figure(
            gettext("Threads"),
            str(engine.threads),
            gettext("Good: as measured at the start, which the notes below explain. 0: another machine computes."),
        ),
    ]


def running(engine: EngineState) -> Figure:
    return Figure(
        gettext("Requests in the engine"),
        gettext("%(running)s of %(slots)s at a time, %(waiting)s waiting")
        % {"running": engine.running, "slots": engine.slots, "waiting": engine.waiting},
        gettext("Good: nobody waits while there is room."),
        gettext("More wait than are served at a time. Start another worker, or raise MODEL_SLOTS.")
        if engine.waiting > engine.slots
        else "",
    )


def first_text(engine: EngineState) -> Figure:
    half, most = engine.seconds_to_first_p50, engine.seconds_to_first_p95
    label, (half_good, most_good) = gettext("Time to the first text"), FIRST_TEXT
    good = gettext(
        "Of the latest 200 requests, from asking the engine. Good: half below %(half_good)s s, 19 of 20 below %(most_good)s s."
    ) % {"half_good": f"{half_good:.0f}", "most_good": f"{most_good:.0f}"}
    if half is None or most is None:
        return Figure(label, gettext("none yet"), good)
    slow = half > half_good or most > most_good
    todo = gettext("Look first whether requests wait, then whether contexts are prepared in time, then at the threads.")
    return Figure(
        label,
        gettext("half within %(half)s, 19 of 20 within %(most)s") % {"half": seconds(half), "most": seconds(most)},
        good,
        todo if slow else "",
    )


def prepared(engine: EngineState) -> Iterator[Figure]:
    asked = engine.prepared_hits + engine.prepared_misses
    kept = gettext("%(count)s, %(size)s of %(limit)s") % {
        "count": engine.prepared,
        "size": megabytes(engine.prepared_bytes),
        "limit": megabytes(engine.prepared_limit),
    }
    yield Figure(
        gettext("Prepared contexts"),
        kept if engine.prepared_limit else gettext("%(count)s, none in this process") % {"count": engine.prepared},
        gettext("What was evaluated before anybody asked. Full is no fault: the longest unused goes first.")
        if engine.prepared_limit
        else gettext(
            "Where another machine holds the model it keeps the contexts, too."
            " Else PREPARED_MEGABYTES is 0, and every suggestion begins later."
        ),
    )
    if not asked:
        yield Figure(
            gettext("Began from a prepared context"),
            gettext("none yet"),
            gettext("Good: most, because people open a post before they ask."),
        )
    else:
        missed = asked >= ENOUGH and engine.prepared_hits < engine.prepared_misses and engine.prepared_limit
        yield Figure(
            gettext("Began from a prepared context"),
            gettext("%(share)s of %(count)s") % {"share": share(engine.prepared_hits, asked), "count": f"{asked:,}"},
            gettext("Good: most, because people open a post before they ask."),
            gettext(
                "If many were dropped, raise PREPARED_MEGABYTES. If not, the engine has no time to prepare: start another worker."
            )
            if missed
            else "",
        )
    yield Figure(
        gettext("Dropped for want of memory"),
        f"{engine.evictions:,}",
        gettext("Good: few beside the requests that began from one."),
        gettext("Raise PREPARED_MEGABYTES, if this machine has memory to spare.")
        if engine.evictions > max(engine.prepared_hits, ENOUGH)
        else "",
    )
    if engine.prompt_tokens:
        yield Figure(
            gettext("Prompt not evaluated again"),
            gettext("%(share)s of %(count)s tokens")
            % {"share": share(engine.reused_tokens, engine.prompt_tokens), "count": f"{engine.prompt_tokens:,}"},
            gettext("The more, the sooner a suggestion begins."),
        )


def lookup(engine: EngineState) -> Figure:
    proposed, accepted = engine.proposed_tokens, engine.accepted_tokens
    return Figure(
        gettext("Guessed from the draft"),
        gettext("%(share)s of %(count)s tokens were right")
        % {"share": share(accepted, proposed), "count": f"{proposed:,}"}
        if proposed
        else gettext("nothing yet"),
        gettext("It switches itself off for a request that gains nothing, and is on only while one request runs."),
    )


def endings(engine: EngineState) -> Figure:
    ended = {reason: count for reason, count in engine.ended.items() if count}
    every, bad = sum(ended.values()), {reason: n for reason, n in ended.items() if reason not in ENDED_WELL}
    many = every >= ENOUGH and sum(bad.values()) > FEW_ENOUGH * every
    ordered = sorted(ended.items(), key=lambda one: -one[1])
    return Figure(
        gettext("How requests ended"),
        " · ".join(f"{gettext(ENDINGS.get(reason, reason))} {count:,}" for reason, count in ordered)
        or gettext("none yet"),
        gettext("Since it was loaded. Good: finished, or stopped early. Of the rest no more than %(few_enough)s.")
        % {"few_enough": f"{FEW_ENOUGH:.0%}"},
        " ".join(dict.fromkeys(gettext(REMEDIES.get(reason, OTHERWISE)) for reason in sorted(bad))) if many else "",
    )


# Words for numbers


def seconds(value: float) -> str:
    if value < 10:
        return f"{value:.1f} s"
    return f"{value:.0f} s" if value < 120 else f"{value / 60:.0f} min"


def megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"


def share(part: int, whole: int) -> str:
    return f"{min(part, whole) / whole:.0%}"
