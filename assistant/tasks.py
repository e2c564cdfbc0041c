"""Celery's way in. Arguments are ids only."""

from celery import shared_task

from assistant import runner


@shared_task(name="assistant.tasks.run_job", ignore_result=True)  # type: ignore[untyped-decorator]
def run_job(job_id: str) -> None:
    runner.run_job(job_id)
