"""Mends what exports and scrapers did to a text. The words stay as people wrote them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

HANDLE = "[handle]"  # as assistant/safety/scrub.py writes it

_SPACES = re.compile(r"[^\S\n]+")
_GONE = re.compile(r"[\u200b\u2060\ufeff\u00ad\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ESCAPED = re.compile(r"<U\+([0-9A-Fa-f]{4,6})>")  # as R prints what it cannot encode
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_WINDOWS = re.compile(r"[\x80-\x9f]")  # cp1252 read as Latin 1
_STOP = re.compile(r"(?<=[a-z0-9][a-z)\"”'’])([.!?]+[\"”)]*)(?=[A-Z][a-z’']|[IA] )")
_ADDRESS = re.compile(r"://|www\.|@|\.(?:com|org|net|gov|edu|co|io|uk|us)\b", re.I)
_MARKUP = re.compile(r"</?(?:p|br|div|span|li|ul|ol|font|strong|em|b|i|a|h[1-6])\b[^<>]*>", re.I)

_BLOCKS = frozenset(
    ["p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "tr", "blockquote", "section", "pre"]
)
_NO_TEXT = frozenset(("script", "style", "xml", "head"))


def mend(text: str) -> str:
    """Plain line ends and spaces, no invisible characters, nothing that cannot be written as UTF-8."""
    text = _ESCAPED.sub(lambda found: _character(int(found[1], 16)), text)
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = _LINE_ENDS.sub("\n", text)
    text = _WINDOWS.sub(lambda found: found[0].encode("latin-1").decode("cp1252", "replace"), text)
    text = _SPACES.sub(" ", _GONE.sub("", text))
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _character(number: int) -> str:
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else ""


def space_after_stops(text: str) -> str:
    """ "It ends.Then it goes on." loses no space to a scraper that joined two paragraphs. Addresses stay whole."""
    return re.sub(r"\S+", lambda found: _spaced(found[0]), text)


def _spaced(word: str) -> str:
    return word if _ADDRESS.search(word) else _STOP.sub(r"\1 ", word + " ")[:-1]


def plain(text: str) -> str:
    """Without markup where there is any; else only mended."""
    return from_html(text) if _MARKUP.search(text) else mend(text)


def from_html(html: str, *, quotes: bool = True) -> str:
    """The words of a page, one paragraph for each block. Without `quotes`, what the writer quotes from others goes."""
    reader = _Reader(_NO_TEXT if quotes else _NO_TEXT | {"aside", "blockquote"})
    reader.feed(html)
    reader.close()
    if reader.inside:  # a tag that is never closed would take the rest of the text with it
        reader = _Reader(frozenset(("script", "style")))
        reader.feed(html)
        reader.close()
    return mend("".join(reader.parts))


class _Reader(HTMLParser):
    def __init__(self, left_out: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.left_out = left_out
        self.parts: list[str] = []
        self.inside: list[str] = []  # tags that are left out with all they hold
        self._mention = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.left_out:
            self.inside.append(tag)
        elif tag == "br":
            self._add("\n")
        elif tag == "li":
            self._add("\n- ")
        elif tag in _BLOCKS:
            self._add("\n\n")
        elif tag == "a" and "mention" in (dict(attrs).get("class") or "").split():
            self._add(HANDLE)
            self._mention = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.left_out:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()
        elif tag in _BLOCKS:
            self._add("\n\n")
        elif tag == "a":
            self._mention = False

    def handle_data(self, data: str) -> None:
        if not self._mention:
            self._add(re.sub(r"\s+", " ", data))

    def _add(self, text: str) -> None:
        if not self.inside:
            self.parts.append(text)
