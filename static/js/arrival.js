// A page that a press has led to takes no press in its first second: one that was meant for the page before it (the second of a
// double click, a key that was struck twice) would decide about what nobody has read. Whoever writes something on it has arrived.
//
// Not a module: those run late, and until then a press would get through.
{
  const UNREAD_MS = 1000;
  const RECENT_MS = 30000;
  let arrived = !cameOfAPress();

  /** page.js notes when a form is sent; that form leads on by a redirect. */
  function cameOfAPress() {
    try {
      const sentAt = Number(sessionStorage.getItem("lantern.sent"));
      return Date.now() - sentAt < RECENT_MS && performance.getEntriesByType("navigation")[0].redirectCount > 0;
    } catch {
      return true; // storage is forbidden here: rather a second too long
    }
  }

  const arrive = () => (arrived = true);
  requestAnimationFrame(() => setTimeout(arrive, UNREAD_MS));
  document.addEventListener("input", arrive, { once: true });
  document.addEventListener(
    "submit",
    (event) => {
      if (arrived) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { capture: true },
  );
}
