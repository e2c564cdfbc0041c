// What every page needs: names and times in words, the account menu, and htmx's manners.

import { forgetAll } from "./local.js";
import { csrfToken } from "./server.js";
import { gettext } from "./words.js";

const countries = namesOf("region");
const languages = namesOf("language");

function namesOf(type) {
  const names = new Intl.DisplayNames([document.documentElement.lang], { type });
  return (code) => {
    try {
      return names.of(code);
    } catch {
      return code; // not a code that Intl knows: show what was stored
    }
  };
}

function nameCodes(root) {
  for (const element of root.querySelectorAll("[data-country]")) element.textContent = countries(element.dataset.country);
  for (const element of root.querySelectorAll("[data-language]")) element.textContent = languages(element.dataset.language);
}

function tellAges(root) {
  for (const element of root.querySelectorAll("time[data-ago]")) {
    element.textContent = ageOf(new Date(element.dateTime));
    element.title = new Date(element.dateTime).toLocaleString();
  }
}

function ageOf(date) {
  const minutes = Math.floor((Date.now() - date) / 60000);
  if (minutes < 1) return gettext("just now");
  if (minutes < 60) return gettext("%(count)s min ago", { count: minutes });
  if (minutes < 48 * 60) return gettext("%(count)s h ago", { count: Math.floor(minutes / 60) });
  return gettext("%(count)s days ago", { count: Math.floor(minutes / 1440) });
}

nameCodes(document);
tellAges(document);
setInterval(() => tellAges(document), 30000);

// The account menu closes like a menu.

const account = document.querySelector("details.account");
if (account) {
  document.addEventListener("click", (event) => {
    if (!account.contains(event.target)) account.open = false;
  });
  account.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !account.open) return;
    account.open = false;
    account.querySelector("summary").focus();
  });
  account.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !account.contains(relatedTarget)) account.open = false; // else it hides what has the focus now
  });
}

document.querySelector("form[data-sign-out]")?.addEventListener("submit", forgetAll);

// Signing in again in another tab changes the key that a form carries.

document.addEventListener(
  "submit",
  ({ target }) => {
    const key = target.elements.namedItem("csrfmiddlewaretoken");
    if (key) key.value = csrfToken();
  },
  { capture: true },
);

// What is on its way is not sent a second time, and nothing else after it: the answer to it would be seen by nobody.

const ON_ITS_WAY_MS = 5000; // after that it may have been stopped
let sentAt = -ON_ITS_WAY_MS;

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (performance.now() - sentAt < ON_ITS_WAY_MS) {
    event.preventDefault();
    return;
  }
  sentAt = performance.now();
  try {
    sessionStorage.setItem("lantern.sent", Date.now()); // for arrival.js, on the page that this leads to
  } catch {
    // forbidden or full: arrival.js waits all the same
  }
});
addEventListener("pageshow", () => (sentAt = -ON_ITS_WAY_MS));

// htmx

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = csrfToken();
});

// Who was signed out is led to the sign-in page; that page must not appear inside this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  const answered = new URL(event.detail.xhr.responseURL || location.href, location.href).pathname;
  const asked = new URL(event.detail.pathInfo.requestPath, location.href).pathname;
  if (answered === asked) return;
  event.detail.shouldSwap = false;
  tellSignedOut();
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) tellSignedOut();
});

/** A page with words on it answers the event itself and keeps them; any other is loaded again, which leads to the sign-in. */
function tellSignedOut() {
  const isAnswered = !document.dispatchEvent(new CustomEvent("lantern:signed-out", { cancelable: true }));
  if (!isAnswered) location.reload();
}

// What had the focus may be gone with what is swapped; then Tab goes on from what came in its place.
let wasInside = false;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  wasInside = detail.target.contains(document.activeElement);
});
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (!wasInside || document.activeElement !== document.body) return;
  wasInside = false;
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
});

for (const name of ["htmx:afterSettle", "lantern:put-in"]) {
  document.addEventListener(name, ({ target }) => {
    nameCodes(target);
    tellAges(target);
  });
}
