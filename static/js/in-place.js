// What somebody looks at stays where it is on the screen while something above it changes.

/** `isKept`: false where the page may move all the same. */
export function keepInPlace(seen, change, isKept = () => true) {
  const before = seen?.getBoundingClientRect().top;
  change();
  if (!seen?.isConnected || !isKept(before)) return;
  const moved = seen.getBoundingClientRect().top - before;
  if (Math.abs(moved) >= 1) scrollBy({ top: moved, behavior: "instant" });
}
