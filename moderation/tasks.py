"""Celery's way in. Arguments are ids only."""

from celery import shared_task

from assistant import dispatch
from moderation import replaying


@shared_task(name=dispatch.REPLAY, ignore_result=True)  # type: ignore[untyped-decorator]
def go_on_with_replay(replay_id: str) -> None:
    if replaying.go_on_for_a_while(replay_id):
        dispatch.wake_replay(replay_id)
