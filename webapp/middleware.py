"""Headers of private pages, and signing in first."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render

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
                {"error": "signed_out", "message": "You were signed out. Your words are still here."}, status=401
            )
        if request.headers.get("HX-Request"):
            response = HttpResponse(status=401)
            response.headers["HX-Refresh"] = "true"
            return response
        return super().handle_no_permission(request, view_func)


class WholeText:
    """Refuses a form that is not UTF-8: Django would put replacement characters where a person's letters were."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST" and not is_utf8(request):
            if "application/json" in request.headers.get("Accept", ""):
                message = "Some letters arrived broken, so nothing was stored. Send it again."
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
