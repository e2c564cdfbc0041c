"""Celery's way in. Arguments are ids only."""

from celery import shared_task

from webapp.studies import generating, reporting


@shared_task(name=generating.WRITE_OUTPUTS, ignore_result=True)  # type: ignore[untyped-decorator]
def write_outputs(study_id: str) -> None:
    generating.write_outputs(study_id)


@shared_task(name=reporting.MAKE_REPORT, ignore_result=True)  # type: ignore[untyped-decorator]
def make_report(report_id: str) -> None:
    reporting.make_report(report_id)
