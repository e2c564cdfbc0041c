"""Letters about an account, if this site can send any: an invitation with its link, and that a second factor was taken away."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from webapp.accounts.models import User

log = logging.getLogger("lantern.accounts")

LETTER = gettext_noop("""\
You are invited to %(site)s.

Open this link to choose a name and a password. It works once, for seven days:

%(link)s

If you do not know what this is about, do nothing.
""")


RESET = gettext_noop("""\
An administrator of %(site)s took the second factor of your account %(name)s away, and you were signed out.

You can sign in with your password and set up a new one. If you did not ask for this, tell somebody who runs the site at once.
""")


def link_to(request: HttpRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("accounts:invitation", args=[token]))


def mail_link(link: str, *, to: str) -> bool:
    """True when the relay took it. Without a relay nothing is sent."""
    letter = gettext(LETTER) % {"site": settings.SITE_NAME, "link": link}
    return _mail(gettext("Your invitation to %(site)s") % {"site": settings.SITE_NAME}, letter, to=to)


def tell_of_reset(person: User) -> bool:
    """By mail if that can be; their page says it in any case."""
    letter = gettext(RESET) % {"site": settings.SITE_NAME, "name": person.username}
    subject = gettext("Your second factor on %(site)s was taken away") % {"site": settings.SITE_NAME}
    return _mail(subject, letter, to=person.email)


def _mail(subject: str, letter: str, *, to: str) -> bool:
    if not (to and settings.EMAIL_RELAY_URL):
        return False
    try:
        return send_mail(subject, letter, None, [to]) == 1
    except OSError as error:  # smtplib's errors are OSErrors
        log.warning("letter_not_mailed", extra={"error": type(error).__name__})
        return False
