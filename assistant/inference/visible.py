"""Characters nobody can see, and that can make a text read otherwise than it looks."""

from __future__ import annotations

import re

# C0 except newline and tab, DEL and C1; bidirectional embeddings, overrides and isolates; the tag block (it spells
# hidden ASCII); interlinear annotation marks; lone surrogates, which no UTF-8 text can hold. Zero-width joiners and
# left-to-right marks stay: emoji and Persian, Arabic and Hebrew texts need them.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)


def drop_invisible(text: str) -> str:
    return INVISIBLE.sub("", text)
