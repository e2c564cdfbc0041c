"""Which models are known, which answers, which is tried: add, list, verify, optimize, sample, activate, canary, and so on."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from assistant import actions, panel
from assistant.access import MANAGE_PEOPLE
from assistant.actions import deployments, overrides
from assistant.actions.refused import Refused
from assistant.actions.registrations import add_adapter, add_version, changed_papers
from assistant.inference import openmp, tuning
from assistant.inference.engine import EngineAway, EngineError, ModelUnavailable
from assistant.inference.gguf import read_header
from assistant.inference.modelfile import measured_file
from assistant.inference.quality import HELDOUT, Texts
from assistant.inference.remote_line import Client
from assistant.inference.types import Mode
from assistant.lineage import BadPaper, Gate, Paper, commit_of, data_hashes, facts, licences
from assistant.models import Canary, Deployment, GateOverride, ModelVersion, PreferenceExport
from assistant.models.sign_offs import OVERRIDE_LIVES
from assistant.optimizing import Found, Wish, optimize
from assistant.stop_rules import USUAL, USUAL_LEAST_JOBS, BadRules, StopRules
from assistant.vault.keys import VaultError
from assistant.worker_state import file_of, tuning_file

MODES = [str(mode) for mode in Mode]


class Command(BaseCommand):
    help = "Registers GGUF files by path and hash, and says which one answers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="register a GGUF file on this machine, a base or an adapter")
        add.add_argument("path", type=Path)
        add.add_argument("--name", help="default: the file's name without .gguf, or the one in the manifest")
        add.add_argument("--sha256", help="what it must hash to; default: what it hashes to now")
        add.add_argument("--base", help="of an adapter: its base; default: the one whose hash the manifest names")
        add.add_argument("--mode", choices=MODES, help="of an adapter: its manifest must say the same")
        add.add_argument("--manifest", type=Path, help="of an adapter; default: manifest.json beside it")
        add.add_argument("--report", type=Path, help="of an adapter; default: report.json beside it")
        add_prompt(add)
        remote = verbs.add_parser("add-remote", help="register a model that a server inside the network holds")
        remote.add_argument("url", help="for example http://10.0.0.5:8080")
        remote.add_argument("--name", required=True)
        remote.add_argument("--served-model", default="", help="what the server calls it, where it holds several")
        add_prompt(remote)
        verbs.add_parser("list", help="every version, what is active in which mode, what was measured")
        show = verbs.add_parser("show", help="where a version comes from: base, recipe, data, what let it through")
        show.add_argument("name")
        verify = verbs.add_parser("verify", help="compare files, manifests and reports with what was registered")
        verify.add_argument("name", nargs="?")
        layout = verbs.add_parser(
            "optimize", help="derive the fastest layout for this machine within a bound of quality"
        )
        layout.add_argument("name")
        layout.add_argument(
            "--merge", metavar="ADAPTER", help="merge this adapter first; the result serves its mode alone"
        )
        layout.add_argument(
            "--text", type=Path, default=HELDOUT, help="measure quality on these texts; default: our own"
        )
        layout.add_argument("--quick", action="store_true", help="two candidates and a quarter of the texts")
        layout.add_argument("--again", action="store_true", help="measure even where an answer is kept")
        layout.add_argument("--activate", action="store_true", help="use what was chosen from the next job on")
        tune = verbs.add_parser("tune", help="measure how many threads are best here, and how they should wait")
        tune.add_argument("name", nargs="?", help="default: the model that answers")
        tune.add_argument("--again", action="store_true", help="measure even where an answer is kept")
        activate = verbs.add_parser("activate", help="use this version from the next job on")
        activate.add_argument("name")
        activate.add_argument("--mode", choices=MODES, help="default: both, or the one of an adapter")
        activate.add_argument("--gate", type=Path, help="how an adapter compared with the one that is active")
        activate.add_argument("--by", help="the admin who decides this; stands in the audit log")
        for kind, what in (
            ("canary", "a share of the cases, seen by people"),
            ("shadow", "finished jobs, seen by nobody"),
        ):
            add_trial(verbs.add_parser(kind, help=f"try an adapter beside the active model on {what}"), kind)
        stop = verbs.add_parser("stop-canary", help="end what is tried, canary or shadow; the active model goes on")
        stop.add_argument("--mode", choices=MODES, default=str(Mode.IMPROVE))
        stop.add_argument("--by", help="the admin who stops it; stands in the audit log")
        override = verbs.add_parser("override", help="propose to do without the gate; another admin confirms it")
        override.add_argument("name")
        override.add_argument("--reason", required=True, help="stands in the audit log")
        override.add_argument("--by", required=True, help="the admin who proposes it")
        confirm = verbs.add_parser(
            "confirm", help="confirm what another admin proposed; it answers from the next job on"
        )
        confirm.add_argument("name")
        confirm.add_argument("--by", required=True, help="the admin who confirms it")
        sample = verbs.add_parser(
            "sample", help="draw outputs that the clinician panel reads before it signs a version off"
        )
        sample.add_argument("name")
        sample.add_argument("--outputs", type=Path, help="of this version, JSON Lines; default: its live suggestions")
        sample.add_argument("--cases", type=Path, help="posts and drafts by id, where the outputs have none")
        sample.add_argument(
            "--beside", type=Path, help="outputs of another version, mixed in; default: live ones of others"
        )
        sample.add_argument("--beside-name", help="which version wrote those")
        sample.add_argument("--size", type=int, default=panel.SIZE, help="so many of the version's own")
        sample.add_argument(
            "--seed", type=int, help="the same files and the same seed draw the same; default: a new one"
        )
        sample.add_argument("--by", help="who draws it; stands in the audit log")
        rollback = verbs.add_parser("rollback", help="use what answered before, from the next job on")
        rollback.add_argument("--mode", choices=MODES, help="default: both")
        rollback.add_argument("--by", help="the admin who decides this; stands in the audit log")

    def handle(self, *_: Any, verb: str, **options: Any) -> None:
        try:
            getattr(self, verb.replace("-", "_"))(**options)
        except (Refused, EngineError, VaultError) as error:
            raise CommandError(str(error)) from error

    def add(
        self,
        *,
        path: Path,
        name: str | None,
        sha256: str | None,
        base: str | None,
        mode: str | None,
        manifest: Path | None,
        report: Path | None,
        prompt: Sequence[str],
        **_: Any,
    ) -> None:
        path = path.resolve()
        if not path.is_file():
            raise CommandError(f"{path}: no such file.")
        file = measured_file(path)
        if sha256 is not None and sha256 != file.sha256:
            raise CommandError(
                f"{path}: hashes to {file.sha256}, not to {sha256}. Fetch it again from a source that you trust."
            )
        header = read_header(path)
        if header.is_adapter:
            if prompt:
                raise CommandError(f"{path}: this is an adapter; its manifest says in which words it is asked.")
            version = add_adapter(
                file,
                name=name or "",
                base=named(base) if base else None,
                mode=Mode(mode) if mode else None,
                manifest=manifest,
                report=report,
            )
        elif base or mode or manifest or report:
            raise CommandError(
                f"{path}: this is a base model; --base, --mode, --manifest and --report are for adapters."
            )
        else:
            version = add_version(
                name or path.stem,
                path=str(path),
                sha256=file.sha256,
                size=file.size,
                layout=header.layout,
                prompt=",".join(prompt),
            )
        self.stdout.write(
            f"Added {version.kind} {version.name}: {version.size:,} bytes, sha256 {file.sha256}."
            f" `models activate {version.name}` puts it to use."
        )

    def add_remote(self, *, url: str, name: str, served_model: str, prompt: Sequence[str], **_: Any) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise CommandError(f"{url}: want http:// or https:// and a host; a key goes into REMOTE_API_KEY.")
        try:
            Client(url)
        except EngineAway:
            pass  # it may be started later
        except EngineError as error:
            raise CommandError(str(error)) from error
        add_version(
            name,
            kind=ModelVersion.Kind.REMOTE,
            url=url.rstrip("/"),
            served_model=served_model,
            prompt=",".join(prompt),
        )
        self.stdout.write(f"Added remote {name} at {url}. `models activate {name}` puts it to use.")

    def list(self, **_: Any) -> None:
        active = {mode: Deployment.active_version(mode) for mode in Mode}
        for version in ModelVersion.objects.select_related("base", "derived_from"):
            modes = ",".join(mode for mode, one in active.items() if one == version)
            where = (
                version.url
                or f"{version.size:,} bytes  {version.layout or '?'}  {version.sha256[:12]}…  {version.path}"
            )
            self.stdout.write(f"{'*' if modes else ' '} {version.name}  {version.kind}  {where}{kinship(version)}")
            if modes:
                self.stdout.write(f"    answers: {modes}")
            if version.manifest_sha256:
                self.stdout.write(f"    {papers_line(version)}")
            if speed := version.figures.get("speed"):
                self.stdout.write(f"    {speed_line(speed)} on {version.figures['machine']}")

    def show(self, *, name: str, **_: Any) -> None:
        for line in lineage(named(name)):
            self.stdout.write(line)

    def verify(self, *, name: str | None, **_: Any) -> None:
        wrong = changed = 0
        files = ModelVersion.objects.exclude(kind=ModelVersion.Kind.REMOTE)
        if name and named(name).kind == ModelVersion.Kind.REMOTE:
            raise CommandError(f"{name}: its file lies on another machine; nothing can be compared here.")
        for version in files.filter(**({"name": name} if name else {})):
            try:
                file_of(version).verify()
            except ModelUnavailable as error:
                wrong += 1
                self.stdout.write(f"refused  {version.name}: {error}")
                continue
            papers = changed_papers(version) if version.kind == ModelVersion.Kind.ADAPTER else []
            changed += bool(papers)
            self.stdout.write(
                f"changed  {version.name}: {'; '.join(papers)}." if papers else f"ok       {version.name}"
            )
        if wrong:
            raise CommandError(f"{wrong} model file(s) are not what was registered; they will not be opened.")
        if changed:
            raise CommandError(f"What says where {changed} adapter(s) come from is not what was registered.")

    def optimize(
        self, *, name: str, merge: str | None, text: Path, quick: bool, again: bool, activate: bool, **_: Any
    ) -> None:
        try:
            texts = Texts.read(text)
        except (OSError, ValueError) as error:
            raise CommandError(f"{text}: {error}") from error
        if not texts.passages:
            raise CommandError(f"{text}: no paragraph of 20 words or more to measure on.")
        wish = Wish(
            original=named(name),
            adapter=named(merge) if merge else None,
            quick=quick,
            again=again,
            texts=texts,
            texts_name=text.name if text == HELDOUT else str(text.resolve()),
        )
        found, version = optimize(wish, say=self.say)
        self.stdout.write(report(found))
        if version is None:
            return
        if not activate:
            alone = f" It can {version.mode} and nothing else: it is for workers with WORKER_MODES={version.mode}."
            self.stdout.write(
                f"Registered as {version.name}.{alone if version.mode else ''} `models activate {version.name}` puts it to use."
            )
            return
        if wish.adapter is not None:
            deployments.activate(version)
        else:
            deployments.activate_layout(version)
        self.stdout.write(f"{version.name} answers from the next job on.")

    def tune(self, *, name: str | None, again: bool, **_: Any) -> None:
        answering = Deployment.active_version()
        version = named(name) if name else answering and Deployment.loaded_for(answering)
        if version is None or version.kind != ModelVersion.Kind.BASE:
            raise CommandError("Name a base model on this machine: `models tune NAME`.")
        file = file_of(version)
        file.verify()
        kept = None if again else tuning.Tuning.read(tuning_file(), tuning.key_of(file))
        if kept is None:
            kept = tuning.measure(file, say=self.say)
            kept.write(tuning_file())
        for arm in kept.arms:
            mark = "*" if arm == kept.chosen else " "
            self.stdout.write(
                f"{mark} {tuning.in_words(arm.threads)}, {openmp.WORDS[arm.openmp]}: {arm.alone:.0f} a minute alone,"
                f" {arm.beside:.0f} beside a busy process"
            )
        self.stdout.write(f"{kept.reason} It counts from the next start on.")

    def activate(self, *, name: str, mode: str | None, gate: Path | None, by: str | None, **_: Any) -> None:
        version = named(name)
        deployments.activate(
            version,
            mode=Mode(mode) if mode else None,
            by=admin_named(by) if by else None,
            gate=gate_in(gate),
        )
        actions.judge_all()  # a canary of this model, or beside the one before, is over
        what = f" what asks to {mode or version.mode}" if mode or version.kind == ModelVersion.Kind.ADAPTER else ""
        self.stdout.write(f"{name} answers{what} from the next job on.")

    def override(self, *, name: str, reason: str, by: str, **_: Any) -> None:
        row = overrides.propose_override(named(name), reason=reason, by=person_named(by))
        self.stdout.write(
            f"Proposed: {name} in the place of {row.over.name}, without the gate. Another admin confirms it within"
            f" {OVERRIDE_LIVES.total_seconds() / 3600:.0f} hours, on its page or with `models confirm {name} --by NAME`."
        )

    def confirm(self, *, name: str, by: str, **_: Any) -> None:
        version = named(name)
        row = GateOverride.objects.open().filter(version=version).select_related("version", "over").first()
        if row is None:
            raise CommandError(
                f"{name}: nobody proposed to do without its gate, or it is too old. `models override` does."
            )
        overrides.confirm_override(row, by=person_named(by))
        self.stdout.write(f"{name} answers what asks to {version.mode} from the next job on.")

    def sample(
        self,
        *,
        name: str,
        outputs: Path | None,
        cases: Path | None,
        beside: Path | None,
        beside_name: str | None,
        size: int,
        seed: int | None,
        by: str | None,
        **_: Any,
    ) -> None:
        version = named(name)
        if (beside is None) != (beside_name is None):
            raise CommandError("--beside and --beside-name go together: a file, and which version wrote it.")
        if beside_name == name:
            raise CommandError(f"--beside-name is {name}, the version that is read. Name another one.")
        if seed is not None and not 0 <= seed < 2**31:
            raise CommandError(f"--seed is {seed}; want a whole number from 0 to {2**31 - 1}.")
        own = panel.outputs_of_file(outputs, version, cases=cases) if outputs else panel.live_outputs(version)
        if beside is not None and beside_name is not None:
            others = panel.outputs_of_file(beside, named(beside_name), cases=cases)
        else:
            others = panel.live_outputs_of_others(version)
        drawn = panel.draw_sample(
            version,
            own,
            others,
            seed=secrets.randbelow(2**31) if seed is None else seed,
            size=size,
            by=person_named(by) if by else None,
        )
        self.stdout.write(
            f"Drawn with seed {drawn.seed}: {drawn.items.count()} outputs, {drawn.items.filter(version=version).count()} of them"
            f" of {name}. The panel finds them under Models."
        )

    def rollback(self, *, mode: str | None, by: str | None, **_: Any) -> None:
        who = admin_named(by) if by else None
        for one, version in deployments.roll_back(mode=Mode(mode) if mode else None, by=who).items():
            self.stdout.write(f"{one}: {version.name} answers from the next job on.")
        actions.judge_all()

    def canary(self, **options: Any) -> None:
        self.try_out(Canary.Kind.CANARY, **options)

    def shadow(self, **options: Any) -> None:
        self.try_out(Canary.Kind.SHADOW, **options)

    def try_out(
        self,
        kind: Canary.Kind,
        *,
        name: str,
        share: int,
        jobs: int,
        days: int,
        rule: Sequence[str],
        least_jobs: int,
        by: str | None,
        gate: Path | None = None,
        **_: Any,
    ) -> None:
        try:
            rules = StopRules.of(USUAL | bounds_in(rule), least_jobs=least_jobs)
        except BadRules as error:
            raise CommandError(f"--rule: {error}") from error
        canary = actions.start_canary(
            named(name),
            kind=kind,
            share=share,
            rules=rules,
            most_jobs=jobs,
            most_days=days,
            by=admin_named(by) if by else None,
            gate=gate_in(gate),
        )
        answers = f"answers in {share} % of the cases" if kind == Canary.Kind.CANARY else "is shown to nobody"
        self.stdout.write(
            f"{name} is tried from the next request on: it {answers}, for at most {jobs} jobs or {days} days."
            f" Rules, which nobody can change now: {', '.join(f'{one} {bound:g}' for one, bound in rules.bounds.items())};"
            f" compared from {rules.least_jobs} jobs of each on. `models stop-canary --mode {canary.mode}` ends it."
        )

    def stop_canary(self, *, mode: str, by: str | None, **_: Any) -> None:
        canary = Canary.running_in(mode)
        if canary is None:
            raise CommandError(f"Nothing is tried for what asks to {mode}.")
        actions.stop_canary(canary, by=admin_named(by) if by else None)
        self.stdout.write(f"{canary.candidate.name} is no longer tried. What answers to {mode} is as before.")

    def say(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self.stdout.flush()


def named(name: str) -> ModelVersion:
    version = ModelVersion.objects.filter(name=name).first()
    if version is None:
        known = ", ".join(ModelVersion.objects.values_list("name", flat=True)) or "none"
        raise CommandError(f"{name}: no such model version. Known: {known}.")
    return version


def person_named(name: str) -> Any:
    person = get_user_model().objects.filter(username__iexact=name, is_active=True).first()
    if person is None:
        raise CommandError(f"{name}: nobody with an open account has this name.")
    return person


def admin_named(name: str) -> Any:
    """Who may decide which model answers, as the pages ask it."""
    person = person_named(name)
    if not person.has_perm(MANAGE_PEOPLE):
        raise CommandError(f"{name}: only admins decide which model answers. Name one with --by.")
    return person


def gate_in(path: Path | None) -> Gate | None:
    try:
        return Gate.of(Paper.read(path, what="gate")) if path else None
    except BadPaper as error:
        raise CommandError(str(error)) from error


def add_trial(parser: ArgumentParser, kind: str) -> None:
    parser.add_argument("name")
    parser.add_argument("--share", type=int, default=10, help="percent of the cases, 1 to 50")
    parser.add_argument("--jobs", type=int, default=200, help="of the candidate, at most")
    parser.add_argument("--days", type=int, default=7, help="at most")
    usual = ", ".join(f"{rule}={bound:g}" for rule, bound in USUAL.items())
    parser.add_argument(
        "--rule",
        action="append",
        default=[],
        metavar="NAME=BOUND",
        help=f"when it rolls back by itself; usual: {usual}",
    )
    parser.add_argument("--least-jobs", type=int, default=USUAL_LEAST_JOBS, help="of each, before they are compared")
    parser.add_argument("--by", help="the admin who decides this; stands in the audit log")
    if kind == Canary.Kind.CANARY:
        parser.add_argument("--gate", type=Path, help="how it compared with the active adapter")


def bounds_in(said: Sequence[str]) -> dict[str, float]:
    """Of `NAME=BOUND`. Raises BadRules."""
    found = {}
    for one in said:
        name, _, bound = one.partition("=")
        try:
            found[name] = float(bound)
        except ValueError:
            raise BadRules(f"{one}: want NAME=BOUND, as held=0.05.") from None
    return found


def add_prompt(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--prompt",
        action="append",
        default=[],
        help="of a base that was trained on one, for example improve-2; once for each mode",
    )


# Where a version comes from


def papers_line(version: ModelVersion) -> str:
    said = version.manifest
    return (
        f"asked with {version.prompt}; manifest {version.manifest_sha256[:12]}…, report {version.report_sha256[:12]}…,"
        f" commit {commit_of(said)}, seed {facts(said.get('seed'))}, licences {licences(said)}"
    )


def lineage(version: ModelVersion) -> Iterator[str]:
    yield f"{version.name}  {version.kind}{kinship(version)}"
    yield f"  file       {version.url or version.path}"
    if version.sha256:
        yield f"  sha256     {version.sha256}"
    if version.prompt:
        yield f"  prompt     {version.prompt}"
    merged = version.taught_by
    if merged is not None and merged != version:
        yield f"  merged     {merged.name}: `models show {merged.name}`"
    if version.manifest_sha256:
        yield from taught(version)
    for said in version.sign_offs.select_related("by"):
        until = "taken back" if said.withdrawn_at else f"until {said.expires_at:%Y-%m-%d}"
        yield f"  panel      {said.at:%Y-%m-%d} {said.verdict} by {said.by}, {until}"
    for row in Deployment.objects.filter(version=version):
        through = ", ".join(f"{what} {how}" for what, how in row.passed.items())
        yield f"  activated  {row.at:%Y-%m-%d %H:%M} {row.mode or 'both modes'}{f' ({through})' if through else ''}"


def taught(version: ModelVersion) -> Iterator[str]:
    said = version.manifest
    yield f"  manifest   {version.manifest_path} sha256 {version.manifest_sha256}"
    yield f"  base       {facts(said.get('base'))}"
    yield f"  recipe     {facts(said.get('recipe'))}"
    yield f"  commit     {commit_of(said)}, seed {facts(said.get('seed'))}"
    yield f"  licences   {licences(said)}"
    exports = {row.sha256: row for row in PreferenceExport.objects.all()}
    for place, sha256 in data_hashes(said):
        row = exports.get(sha256)
        what = f", the export of {row.at:%Y-%m-%d %H:%M} with {row.lines} line(s)" if row else ""
        yield f"  learned    {place} {sha256}{what}"
    yield f"  report     {version.report_path} sha256 {version.report_sha256}"


def kinship(version: ModelVersion) -> str:
    if version.base:
        return f"  for {version.base.name}, {version.mode}"
    return f"  from {version.derived_from.name}" if version.derived_from else ""


def report(found: Found) -> str:
    lines = [f"Measured {found.at} on {found.machine}, texts: {found.texts}{', quick form' if found.quick else ''}."]
    for name, speed in found.speed.items():
        quality = found.quality.get(name)
        lines.append(f"  {name}: {speed_line(speed)}" + (f"; {quality_line(quality)}" if quality else ""))
    return "\n".join([*lines, found.reason])


def speed_line(speed: dict[str, float]) -> str:
    return (
        f"prompt {speed['prefill_tokens_per_second']:.0f}, answer {speed['decode_tokens_per_second']:.0f}, eight answers"
        f" {speed['decode_eight_tokens_per_second']:.0f} tokens a second; standard request"
        f" {speed['standard_request_seconds']:.2f} s"
    )


def quality_line(quality: dict[str, Any]) -> str:
    said = f"perplexity x{ratio_line(quality['perplexity'])}"
    if quality["reference"]:
        said += (
            f", of good revisions x{ratio_line(quality['reference'])}, prefers the better one {quality['preferred']} of"
            f" {quality['quadruples']} times (before: {quality['preferred_before']})"
        )
    return said + f", same likeliest word {quality['agreement']:.0%}, KL {quality['divergence']:.3f}"


def ratio_line(ratio: dict[str, float]) -> str:
    return f"{ratio['value']:.3f} ({ratio['low']:.3f} to {ratio['high']:.3f})"
