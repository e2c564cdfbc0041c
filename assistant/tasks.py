"""Celery's way in. Arguments are ids only."""

from celery import shared_task

from assistant import runner, second_reader


@shared_task(name="assistant.tasks.run_job", ignore_result=True)  # type: ignore[untyped-decorator]
def run_job(job_id: str) -> None:
    runner.run_job(job_id)


@shared_task(name="assistant.tasks.read_post", ignore_result=True)  # type: ignore[untyped-decorator]
def read_post(reading_id: str) -> None:
    second_reader.run_readings(reading_id)
