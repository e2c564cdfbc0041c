"""Characters nobody can see, and that can make a text read otherwise than it looks."""

from __future__ import annotations

import re

# C0 except newline and tab, DEL and C1; bidirectional embeddings, overrides and isolates; the tag block (it spells
# hidden ASCII); interlinear annotation marks; lone surrogates, which no UTF-8 text can hold; zero-width blanks, soft
# hyphens, fillers and the supplementary variation selectors, in which whole texts can be hidden. Zero-width joiners and
# left-to-right marks stay: emoji and Persian, Arabic and Hebrew texts need them, one at a time.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u115f\u1160\u180e\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef\ud800-\udfff]"
)
IN_A_ROW = re.compile("[\u200c-\u200f]{2,}|[\ufe00-\ufe0f]{2,}")


def drop_invisible(text: str) -> str:
    return IN_A_ROW.sub("", INVISIBLE.sub("", text))
