// How somebody who waits is told, as assistant/waiting.py says it on a page without scripts.

export function waitingWords({ ahead, seconds }) {
  if (!ahead || seconds === 0) return "you are next";
  const people = ahead === 1 ? "1 person before you" : `${ahead} people before you`;
  return seconds === null ? people : `${people}, ${about(seconds)}`;
}

function about(seconds) {
  if (seconds <= 10) return "a few seconds";
  if (seconds < 60) return `about ${seconds} seconds`;
  return seconds === 60 ? "about a minute" : `about ${seconds / 60} minutes`;
}
