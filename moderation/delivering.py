"""Alerts leave the site: by e-mail through the relay of the deployment, and to its webhook. Without content, whatever happens.

A delivery is claimed by a lease, sent, and marked afterwards: a process that dies in between leaves a row that is sent again.
The second copy has the same id, in the Message-ID of a mail and in the key of the JSON.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from smtplib import SMTPRecipientsRefused
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import timezone, translation
from django.utils.translation import gettext, gettext_noop

from assistant.models import clock
from moderation import alert_words
from moderation.models import Alert, Delivery

log = logging.getLogger("lantern.alerts")

AT_A_TIME = 100
A_FEW = 4
SECONDS = 10
AFTER_A_FAULT_OF_ITS_OWN = timedelta(seconds=60)

LETTER = gettext_noop("""\
%(headline)s.

Since: %(minutes)s
Told: %(rung)s
Look here: %(link)s

It is told again, and to more people, until somebody says "I have it" there.
Reference, the same in every copy: %(key)s
""")
HELD_LETTER = gettext_noop("""\
%(headline)s.
%(held)s

Since: %(minutes)s
Told: %(rung)s
Look here: %(link)s

It is told again, and to more people, until there is an outcome.
Reference, the same in every copy: %(key)s
""")
FOUND_LETTER = gettext_noop("""\
%(headline)s.
%(held)s

Since: %(minutes)s
Told: %(rung)s
Look here: %(link)s

It is told again each hour until all is well.
Reference, the same in every copy: %(key)s
""")
TEST_LETTER = gettext_noop("""\
%(headline)s.

You asked for it, and only you are told, once. There is nothing to do.
Look here: %(link)s

Reference, the same in every copy: %(key)s
""")


class ChannelAway(Exception):
    """Nothing can be sent this way now; names the type of what happened."""


class NotTaken(Exception):
    """This one was refused; others may be taken."""


def deliver(between: Callable[[], None] = lambda: None) -> int:
    """Send what is due; how many were sent. `between`: called before each, for what has to go on meanwhile.

    After a few of one way the others have their turn, and what is most urgent is asked for anew: it may be new.
    """
    sent = 0
    with ExitStack() as stack:
        lines = {channel: stack.enter_context(line()) for channel, line in LINES.items()}
        while lines and sent < AT_A_TIME:
            for channel, send in list(lines.items()):
                rows = list(
                    Delivery.objects.waiting(channel).select_related("alert__flag", "alert__holder", "person")[:A_FEW]
                )
                count, is_away = _send_few(rows, channel, send, between)
                sent += count
                if is_away or not rows:
                    del lines[channel]
    return sent


def _send_few(
    rows: list[Delivery], channel: Delivery.Channel, send: Callable[[Delivery], None], between: Callable[[], None]
) -> tuple[int, bool]:
    """How many were sent, and whether this way is away: the others would wait as long, so they are tried in the next round."""
    sent = 0
    for row in rows:
        between()
        if not row.lease():
            continue
        row.attempts += 1
        try:
            send(row)
        except ChannelAway as error:
            row.fail(str(error))
            log.warning("alert_channel_away", extra={"code": channel, "error": str(error)})
            return sent, True
        except Exception as error:  # of this row alone: it must not keep the others
            row.fail(type(error).__name__, pause=AFTER_A_FAULT_OF_ITS_OWN)
            log.warning("alert_not_sent", extra={"code": channel, "error": type(error).__name__})
        else:
            row.succeed()
            sent += 1
    return sent, False


@contextmanager
def mail_line() -> Iterator[Callable[[Delivery], None]]:
    """One connection to the relay for all that is sent now."""
    connection = get_connection()
    try:
        yield partial(send_mail, connection=connection)
    finally:
        connection.close()


def send_mail(row: Delivery, *, connection: Any) -> None:
    assert row.person is not None
    alert = row.alert
    with translation.override(row.person.language or settings.LANGUAGE_CODE):
        headline = alert_words.headline(alert)
        said = {
            "headline": headline,
            "minutes": alert_words.minutes(clock.now() - alert.opened_at),
            "held": alert_words.held_since(alert),
            "rung": gettext(alert_words.RUNGS.get(row.rung, row.rung)),  # type: ignore[call-overload]
            "link": alert_words.link_to(alert),
            "key": row.id,
        }
        host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
        headers = {"Message-ID": f"<{row.id}@{host}>", "Auto-Submitted": "auto-generated", "Importance": "high"}
        letter = EmailMessage(
            f"[{settings.SITE_NAME}] {headline}",
            gettext(letter_of(alert)) % said,
            to=[row.person.email],
            headers=headers,
            connection=connection,
        )
    try:
        connection.open()
        letter.send()
    except SMTPRecipientsRefused as error:
        raise NotTaken from error
    except OSError as error:  # smtplib's errors are OSErrors
        raise ChannelAway(type(error).__name__) from error


def letter_of(alert: Alert) -> str:
    match alert.kind:
        case Alert.Kind.TEST:
            return TEST_LETTER
        case Alert.Kind.INVARIANT:
            return FOUND_LETTER
    return LETTER if alert.holder is None else HELD_LETTER


def send_webhook(row: Delivery) -> None:
    """To that address and no other: no proxy of the environment, and a redirection is a refusal."""
    alert = row.alert
    body = json.dumps(
        {
            "key": str(row.id),
            "alert": str(alert.id),
            "kind": alert.kind,
            "code": alert.code,
            "level": alert.level,
            "opened_at": alert.opened_at.isoformat(),
            "held_since": alert.since.isoformat() if alert.holder_id else None,
            "step": row.step,
            "rung": row.rung,
            "link": alert_words.link_to(alert),
        }
    ).encode()
    address = urlsplit(settings.ALERT_WEBHOOK_URL)
    assert address.hostname is not None  # lantern.E012
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    line = kind(address.hostname, address.port, timeout=SECONDS)
    place = f"{address.path or '/'}{'?' + address.query if address.query else ''}"
    try:
        line.request("POST", place, body, headers={"Content-Type": "application/json", **signed(body)})
        status = line.getresponse().status
    except (OSError, HTTPException) as error:
        raise ChannelAway(type(error).__name__) from error
    finally:
        line.close()
    if not 200 <= status < 300:
        raise ChannelAway(f"HTTP {status}")


def signed(body: bytes) -> dict[str, str]:
    """The time stands inside what is signed, so that an old one cannot be sent again later."""
    at = str(int(timezone.now().timestamp()))
    mac = hmac.new(settings.ALERT_WEBHOOK_SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Lantern-Signature": f"t={at},v1={mac}"}


LINES: dict[Delivery.Channel, Callable[[], AbstractContextManager[Callable[[Delivery], None]]]] = {
    Delivery.Channel.MAIL: mail_line,
    Delivery.Channel.WEBHOOK: lambda: nullcontext(send_webhook),
}
