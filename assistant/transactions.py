"""Acts that are one transaction, and are done again where the database broke it off.

Of transactions that wait for each other in a circle, PostgreSQL ends one: whose it is, is chance, and nothing was wrong with
it. It left nothing behind, so it is done again. See docs/decisions/0029-what-the-database-broke-off-is-done-again.md.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

log = logging.getLogger("lantern.database")

P = ParamSpec("P")
R = TypeVar("R")

BROKEN_OFF = ("40P01", "40001")  # SQLSTATE: a deadlock; a transaction that no order of transactions explains
TRIES = 5
LONGEST_PAUSE = 100  # milliseconds, times the number of the try


def one_transaction(act: Callable[P, R]) -> Callable[P, R]:
    """`transaction.atomic`, and the whole of it again when the database broke it off.

    Inside another transaction it is a part of that, and whoever began that does it again: what went before is gone as well.
    The act must read inside what it decides by, change no row object that it was given and then look at it, and do nothing
    outside the database before `on_commit`.
    """

    @wraps(act)
    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        tries = 1 if connection.in_atomic_block else TRIES
        for number in range(1, tries):
            try:
                with transaction.atomic():
                    return act(*args, **kwargs)
            except OperationalError as error:
                if not was_broken_off(error):
                    raise
                log.warning("done_again", extra={"code": act.__qualname__, "attempt": number})
            time.sleep(number * secrets.randbelow(LONGEST_PAUSE) / 1000)  # those who met should not meet again
        with transaction.atomic():
            return act(*args, **kwargs)

    return done


def was_broken_off(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in BROKEN_OFF
