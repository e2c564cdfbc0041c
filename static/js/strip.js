// One line at the edge of the window while the alerts themselves are out of sight: what calls, or that nothing comes any more.

import { gettext, ngettext } from "./words.js";

const region = document.getElementById("alerts");
const strip = document.createElement("a");
let inSight = true;

strip.className = "alert-strip";
strip.href = "#alerts";
strip.hidden = true;
region.insertAdjacentElement("afterend", strip);

function show() {
  const said = words();
  strip.hidden = inSight || !said;
  if (strip.textContent !== said) strip.textContent = said;
  strip.classList.toggle("now", region.querySelector(".alert.now") !== null);
  if (!strip.hidden) uncoverFocus();
}

function words() {
  if (region.querySelector(".deaf")) return gettext("No alert comes to this page.");
  const levels = [...region.querySelectorAll("[data-calls]")].map((one) => Number(one.dataset.calls));
  const level = Math.max(0, ...levels);
  if (level) return ngettext("%(count)s alert: level %(level)s", "%(count)s alerts: level %(level)s", levels.length, { level });
  if (levels.length) return ngettext("%(count)s alert", "%(count)s alerts", levels.length);
  return region.querySelector("#alerts-silent") ? gettext("Alerts are not being delivered.") : "";
}

/** What has the focus when the strip comes must not lie under it; what gets it later is kept away by the scroll padding. */
function uncoverFocus() {
  const one = document.activeElement;
  const { bottom } = one.getBoundingClientRect();
  const isUnder = bottom > 0 && bottom <= 2 * strip.offsetHeight;
  if (isUnder && one !== document.body && one !== strip) one.scrollIntoView({ block: "nearest" });
}

new IntersectionObserver(([entry]) => {
  inSight = entry.isIntersecting;
  show();
}).observe(region);
new MutationObserver(show).observe(region, { childList: true, subtree: true, characterData: true });
