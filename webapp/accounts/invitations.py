"""Handing an invitation over: the link, and the mail if this site can send any."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

log = logging.getLogger("lantern.accounts")

LETTER = gettext_noop("""\
You are invited to %(site)s.

Open this link to choose a name and a password. It works once, for seven days:

%(link)s

If you do not know what this is about, do nothing.
""")


def link_to(request: HttpRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("accounts:invitation", args=[token]))


def mail_link(link: str, *, to: str) -> bool:
    """True when the relay took it. Without a relay nothing is sent."""
    if not (to and settings.EMAIL_RELAY_URL):
        return False
    try:
        letter = gettext(LETTER) % {"site": settings.SITE_NAME, "link": link}
        return send_mail(gettext("Your invitation to %(site)s") % {"site": settings.SITE_NAME}, letter, None, [to]) == 1
    except OSError as error:  # smtplib's errors are OSErrors
        log.warning("invitation_not_mailed", extra={"error": type(error).__name__})
        return False
