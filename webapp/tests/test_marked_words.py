"""Every word that a template shows is marked for translation, and the page says its language and direction."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template, render_to_string
from django.utils import translation

ROOT = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(path for path in ROOT.rglob("*") if path.suffix in (".html", ".txt"))
SAME_EVERYWHERE = {"Lantern", "sha256", "Language", "Idioma"}  # the last two name each language in itself
READ_OUT = {"alt", "aria-description", "aria-label", "aria-placeholder", "aria-roledescription", "placeholder", "title"}
SILENT = {"script", "style", "svg"}

MARKED = re.compile(r"{%\s*blocktranslate\b.*?{%\s*endblocktranslate\s*%}", re.DOTALL)
NOT_TEXT = re.compile(r"{%\s*block main_class\s*%}.*?{%\s*endblock\s*%}")  # base.html puts it into a class attribute
DJANGO = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
# Words that a filter puts on the page. `default:_("…")` is the marked form; plural forms belong into `blocktranslate`.
FILTERED = re.compile(r"""\|(?:default|default_if_none|yesno):(?:"([^"]*)"|'([^']*)')|\|(pluralize)""")
WORD = re.compile(r"[^\W\d_]\w*")


class Shown(HTMLParser):
    """The text of a page and of the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in SILENT
        self.texts += [value or "" for name, value in attrs if name in READ_OUT]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


def unmarked(template: str) -> list[str]:
    shown = Shown()
    shown.feed(DJANGO.sub("", NOT_TEXT.sub("", MARKED.sub("", template))))
    shown.close()
    filtered = ["".join(found) for found in FILTERED.findall(template)]
    return [word for text in [*shown.texts, *filtered] for word in WORD.findall(text) if word not in SAME_EVERYWHERE]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_shown_word_is_marked(path: Path) -> None:
    assert unmarked(path.read_text(encoding="utf-8")) == []
    get_template(str(path.relative_to(ROOT)))  # a template that marks without loading the tags does not compile


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<p>Stay a while</p>", ["Stay", "a", "while"]),
        ("{% if open %}Open{% endif %}", ["Open"]),
        ('<nav aria-label="Main">', ["Main"]),
        ("""<input placeholder='Your name' name="who">""", ["Your", "name"]),
        ('{{ words|default:"None yet" }}', ["None", "yet"]),
        ("{{ n }}{{ n|pluralize }}", ["pluralize"]),
        ('{% blocktranslate %}Marked{% endblocktranslate %} not {% translate "Marked" %}', ["not"]),
        ("<svg><title>Silent</title></svg><p>Heard</p>", ["Heard"]),
    ],
)
def test_a_word_that_was_forgotten_is_found(template: str, words: list[str]) -> None:
    assert unmarked(template) == words


@pytest.mark.parametrize(
    "template",
    [
        "{# A note for who reads the source #}",
        '<p class="{% if calm %}quiet{% else %}loud{% endif %}">{{ words|default:_("None yet") }}</p>',
        '<p>{% translate "Stay" %} · {{ when|date:"j F" }}</p>',
        '{% blocktranslate count n=n %}{{ n }} word{% plural %}{{ n }} words{% endblocktranslate %}, {{ x|default:"" }}',
        "<script>const notShown = true;</script><code>sha256</code>",
    ],
)
def test_what_is_marked_or_not_shown_is_left_in_peace(template: str) -> None:
    assert unmarked(template) == []


@pytest.mark.parametrize("template", ["404.html", "500.html"])
@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_a_page_says_its_language_and_its_direction(template: str, language: str, direction: str) -> None:
    with translation.override(language):
        page = render_to_string(template)
    assert f'<html lang="{language}" dir="{direction}">' in page
