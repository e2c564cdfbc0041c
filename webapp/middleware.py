"""Headers of private pages, and signing in first."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from webapp.limits import TOO_LARGE

NOTHING_ALLOWED = ", ".join(f"{feature}=()" for feature in ("camera", "geolocation", "microphone", "payment", "usb"))


class PrivatePages:
    """No cache keeps a page, nothing embeds it, no device feature is asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not request.path.startswith(settings.STATIC_URL):
            response.headers["Cache-Control"] = "no-store, private"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = NOTHING_ALLOWED
        return response


class SignInRequired(LoginRequiredMiddleware):
    """Every view asks for a sign-in unless it is marked otherwise. Scripts get 401, so that they can keep what was typed."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        if "application/json" in request.headers.get("Accept", ""):
            return JsonResponse(
                {"error": "signed_out", "message": gettext("You were signed out. Your words are still here.")},
                status=401,
            )
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401)  # page.js says so; leaving the page could lose what is typed there
        if request.method not in ("GET", "HEAD"):
            return redirect_to_login(page_of_form(request))
        return super().handle_no_permission(request, view_func)


def page_of_form(request: HttpRequest) -> str:
    """Where to go on after signing in: the address that takes a form shows nothing by itself."""
    came_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    return urllib.parse.urlsplit(came_from).path


class FormsOnly:
    """An address that takes forms and was opened by itself: a page says so. Who comes there from signing in had sent a form that
    did not arrive, and is led to the page above it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 405 and request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            if comes_from_sign_in(request):
                messages.warning(request, gettext("You had been signed out: what you sent last did not arrive."))
                return redirect(page_above(request.path))
            page = render(request, "405.html", status=405)
            page.headers["Allow"] = response.headers.get("Allow", "")
            return page
        return response


def comes_from_sign_in(request: HttpRequest) -> bool:
    """The pages of the sign-in carry where they lead to."""
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(request.headers.get("Referer", "")).query)
    return request.path in asked.get("next", [])


def page_above(path: str) -> str:
    """The nearest address above it that there is: a form stands on the page that it is about."""
    above = path.rstrip("/").rpartition("/")[0] + "/"
    try:
        resolve(above)
    except Resolver404:
        return page_above(above)
    return above


class LargeRequest:
    """Says that a request was too large to be read, in words and with the way back to what was written."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not getattr(request, "scope", {}).get(TOO_LARGE):
            return self.get_response(request)
        if "application/json" in request.headers.get("Accept", ""):
            message = gettext("This is too long to be accepted.")
            return JsonResponse({"error": "too_large", "message": message}, status=413)
        return render(request, "413.html", status=413)


class WholeText:
    """Refuses a form that is not UTF-8: Django would put replacement characters where a person's letters were."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST" and not is_utf8(request):
            if "application/json" in request.headers.get("Accept", ""):
                message = gettext("Some letters arrived broken, so nothing was stored. Send it again.")
                return JsonResponse({"error": "not_utf8", "message": message}, status=400)
            return render(request, "400.html", status=400)
        return self.get_response(request)


def is_utf8(request: HttpRequest) -> bool:
    body = request.body
    if request.content_type == "application/x-www-form-urlencoded":
        body = urllib.parse.unquote_to_bytes(body)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
