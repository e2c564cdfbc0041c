// Where a suggested change belongs in the text as it is now. Knows no page.
//
// A change was made for one revision; the person may have typed since. So the sentence is looked for, near where it
// should be, and when it is not there any more the answer is null: nothing is ever forced into a text.

/**
 * @typedef {{kind: string, start: number, before: string, after: string, state: string}} Change
 * @typedef {{start: number, end: number, put: string}} Edit  replace text[start:end] by `put`
 */

/** @returns {Edit|null} how to make changes[index] in `text`. */
export function placeOf(text, changes, index) {
  const change = changes[index];
  if (change.kind === "insert") return placeOfNew(text, changes, index, change.after);
  return placeOfOld(text, changes, index, change.before, change.after);
}

/** @returns {Edit|null} how to take changes[index], which is in `text`, back. `edit` is how it was made, if known. */
export function placeOfUndo(text, changes, index, edit) {
  const change = changes[index];
  const put = edit ? edit.put : change.after;
  const gone = edit ? edit.gone : change.before;
  if (edit && text.slice(edit.start, edit.start + put.length) === put && (put || bordersHold(text, edit))) {
    return { start: edit.start, end: edit.start + put.length, put: gone };
  }
  if (!put) return placeOfNew(text, changes, index, gone);
  const start = nearest(text, put, expectedPlace(changes, index));
  return start === null ? null : { start, end: start + put.length, put: gone };
}

/** A removal leaves nothing to look for; what stood around it must still be there. */
function bordersHold(text, { start, around }) {
  return text.slice(Math.max(0, start - 24), start) === around[0] && text.slice(start, start + 24) === around[1];
}

export function apply(text, { start, end, put }) {
  return text.slice(0, start) + put + text.slice(end);
}

/** What `placeOfUndo` wants to know about an edit that is about to be made. */
export function remember(text, edit) {
  const around = [text.slice(Math.max(0, edit.start - 24), edit.start), text.slice(edit.end, edit.end + 24)];
  return { start: edit.start, put: edit.put, gone: text.slice(edit.start, edit.end), around };
}

function placeOfOld(text, changes, index, before, after) {
  const expected = expectedPlace(changes, index);
  const exact = nearest(text, before, expected, (start) => startsSentence(text, start, changes, index));
  if (exact !== null) return { start: exact, end: exact + before.length, put: after };
  const bare = before.trim(); // the person may have changed the white space in front of it
  if (!bare || bare === before) return null;
  const start = nearest(text, bare, expected, (place) => startsSentence(text, place, changes, index));
  return start === null ? null : { start, end: start + bare.length, put: after.trim() };
}

function placeOfNew(text, changes, index, put) {
  const expected = expectedPlace(changes, index);
  for (let i = index - 1; i >= 0; i -= 1) {
    const place = nearest(text, standing(changes[i]), expected);
    if (place !== null) return spaced(text, place + standing(changes[i]).length, put);
    if (standing(changes[i]).trim()) break; // its neighbour was rewritten: try from the other side
  }
  for (let i = index + 1; i < changes.length; i += 1) {
    const following = standing(changes[i]).trimStart();
    const place = nearest(text, following, expected);
    if (place !== null) return spaced(text, place, put.trim() + (put.match(/\s+$/) || put.match(/^\s+/) || [" "])[0]);
    if (following) break;
  }
  const alone = changes.every((change) => change.kind === "insert" && change.state !== "accepted");
  return alone ? spaced(text, text.length, put) : null;
}

/** What a change looks like in the text now; empty when it is not in it. */
function standing(change) {
  return change.state === "accepted" ? change.after : change.before;
}

function expectedPlace(changes, index) {
  const grown = changes
    .slice(0, index)
    .filter((change) => change.state === "accepted")
    .reduce((sum, change) => sum + change.after.length - change.before.length, 0);
  return changes[index].start + grown;
}

/** The occurrence of `part` closest to `expected`, of those that `fits` accepts; null when there is none. */
function nearest(text, part, expected, fits = () => true) {
  if (!part) return null;
  let best = null;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1)) {
    if (fits(at) && (best === null || Math.abs(at - expected) < Math.abs(best - expected))) best = at;
  }
  return best;
}

/** Whether a sentence begins here. Otherwise the person has put words in front, and it is another sentence now. */
function startsSentence(text, start, changes, index) {
  const ahead = text.slice(0, start);
  if (!ahead.trim() || /[\n\p{P}\p{S}]\s*$/u.test(ahead) || text[start] === "\n") return true;
  const neighbour = index > 0 ? standing(changes[index - 1]).trim() : "";
  return neighbour !== "" && ahead.trimEnd().endsWith(neighbour);
}

/** An insertion that runs into no word on either side. */
function spaced(text, at, put) {
  const front = at > 0 && /\S/.test(text[at - 1]) && /^\S/.test(put) ? " " : "";
  const back = at < text.length && /\S/.test(text[at]) && /\S$/.test(put) ? " " : "";
  return { start: at, end: at, put: front + put + back };
}
