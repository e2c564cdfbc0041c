"""The search for leaks finds a word in every disguise that it claims to know."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable

import pytest
import redis

from webapp.running import Outgrown
from webapp.tests.leaks import everything_in_redis, found_in

WORD = "Quillonbrook"
LINE = f'[["I lived in {WORD} once"], {{}}]'


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize(
    "disguise",
    [
        str.encode,
        lambda text: base64.b64encode(text.encode()),
        lambda text: json.dumps({"body": base64.b64encode(text.encode()).decode()}).encode(),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode().hex().encode(),
    ],
)
def test_it_finds_a_word(before: str, disguise: Callable[[str], bytes]) -> None:
    assert found_in({"there": disguise(before + LINE)}, [WORD]) == [f"{WORD!r} stands in there"]
    assert found_in({"there": disguise(before + re.sub(WORD, "Otherbrook", LINE))}, [WORD]) == []


@pytest.mark.deep
@pytest.mark.process
def test_it_finds_a_word_in_what_redis_keeps(outgrown_site: Outgrown) -> None:
    with redis.Redis.from_url(outgrown_site.env["REDIS_URL"]) as client:
        client.lpush("test-of-the-search", base64.b64encode(LINE.encode()))
        try:
            kept = everything_in_redis(outgrown_site.env["REDIS_URL"])
        finally:
            client.delete("test-of-the-search")
    assert found_in({"Redis": kept}, [WORD])
