// "Leave this page": clear what is shown and put a neutral page in its place, without a way back to this one.

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-leave]");
  if (!link) return;
  event.preventDefault();
  leaveFor(link.href);
});

function leaveFor(url) {
  document.dispatchEvent(new CustomEvent("lantern:leave")); // the writing page saves what was typed
  document.title = "New tab";
  document.body.replaceChildren();
  location.replace(url);
}

// A copy that the browser kept would show the page again to whoever presses Back.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
