"""Celery's way in. Arguments are ids only."""

from celery import shared_task

from assistant import dispatch, preparing, runner, second_reader, shadowing
from assistant.models import SuggestionJob


@shared_task(name=dispatch.RUN_JOB, ignore_result=True)  # type: ignore[untyped-decorator]
def run_job(job_id: str) -> None:
    job = SuggestionJob.objects.filter(id=job_id).only("mode", "case_id", "draft_id").first()
    if job is None:
        return
    if job.mode not in dispatch.modes_here():  # it was rung where every worker hears it
        dispatch.wake(job_id)
        return
    try:
        runner.run_job(job_id)
    finally:
        preparing.watch(job.case_id, job.draft_id)


@shared_task(name=dispatch.READ_POST, ignore_result=True)  # type: ignore[untyped-decorator]
def read_post(reading_id: str) -> None:
    second_reader.run_readings(reading_id)


@shared_task(name=dispatch.RUN_SHADOWS, ignore_result=True)  # type: ignore[untyped-decorator]
def run_shadows(_mode: str) -> None:
    shadowing.run_shadows()


@shared_task(name=dispatch.PREPARE, ignore_result=True)  # type: ignore[untyped-decorator]
def prepare_context(draft_id: str) -> None:
    preparing.prepare(draft_id)


@shared_task(name=dispatch.FORGET, ignore_result=True)  # type: ignore[untyped-decorator]
def forget_case(case_id: str) -> None:
    preparing.forget(case_id)
