// Requests to our own server, and what became of them.

import { gettext } from "./words.js";

const MESSAGES = {
  404: gettext("This is no longer there."),
  413: gettext("This is too long to be accepted."),
  429: gettext("That was a little too fast. Wait a moment and try again."),
};

/**
 * @typedef {{outcome: "ok"|"refused"|"signed-out"|"unreachable", status: number, body: any}} Answer
 */

/** @returns {Promise<Answer>} */
export async function post(url, fields, { keepalive = false } = {}) {
  return answerOf(url, {
    method: "POST",
    body: paramsOf(fields),
    headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
    keepalive,
  });
}

/** A list is sent as one field for each of its values. */
export function paramsOf(fields) {
  const pairs = Object.entries(fields).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return new URLSearchParams(pairs);
}

/** @returns {Promise<Answer>} */
export async function get(url) {
  return answerOf(url, { headers: { Accept: "application/json" } });
}

/** The nodes of a page fragment, or null when it could not be had. */
export async function getFragment(url) {
  try {
    const response = await fetch(url, { redirect: "manual", credentials: "same-origin", cache: "no-store" });
    if (!response.ok) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html"); // runs no scripts
    return [...page.body.childNodes];
  } catch {
    return null;
  }
}

async function answerOf(url, options) {
  let response;
  try {
    response = await fetch(url, { redirect: "manual", credentials: "same-origin", cache: "no-store", ...options });
  } catch {
    return { outcome: "unreachable", status: 0, body: {} };
  }
  const body = await bodyOf(response);
  // Our JSON addresses redirect nowhere but to sign-in; a 403 without a reason is a form key that left with its session.
  const sentAway = response.type === "opaqueredirect" || response.status === 401;
  if (sentAway || (response.status === 403 && !body.error)) return { outcome: "signed-out", status: 401, body };
  if (response.ok) return { outcome: "ok", status: response.status, body };
  if (response.status >= 500) return { outcome: "unreachable", status: response.status, body };
  const message = body.message || MESSAGES[response.status] || gettext("This was not accepted. Reload the page and try again.");
  return { outcome: "refused", status: response.status, body: { ...body, message } };
}

async function bodyOf(response) {
  try {
    return (await response.json()) ?? {};
  } catch {
    return {}; // an error page, not JSON
  }
}

/** From the cookie, because signing in again in another tab changes it under this page. */
export function csrfToken() {
  const cookie = document.cookie.match(/(?:^|;\s*)(?:__Host-)?csrf(?:token)?=([^;]+)/);
  return cookie ? decodeURIComponent(cookie[1]) : document.querySelector('meta[name="csrf-token"]').content;
}

/** Half a second, doubled each time up to `cap`, with some chance so that many pages do not return at once. */
export function backOff(attempt, { first = 500, cap = 20000 } = {}) {
  const wait = Math.min(cap, first * 2 ** Math.min(attempt, 16));
  return wait * (0.75 + Math.random() / 2);
}
