"""What is kept of evaluated prompts: found by its own case only, within its memory, and overwritten when it goes."""

from __future__ import annotations

import random

from assistant.inference.contexts import SHARED_KEPT, KeptContexts, KeptState, common_beginning
from assistant.inference.statistics import resident_bytes

MIB = 2**20


def state(size: int) -> KeptState:
    kept = KeptState(size)
    for index in range(size):
        kept.buffer[index] = 1
    return kept


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_context_is_found_by_its_case_and_adapter_only() -> None:
    contexts = KeptContexts(limit=100)
    contexts.keep("one", "im", [1, 2, 3], state(10))
    found = contexts.of_case("one", "im")
    assert found is not None
    assert found.common([1, 2, 4]) == 2
    assert contexts.of_case("two", "im") is None
    assert contexts.of_case("one", "gm") is None
    assert contexts.of_case("", "im") is None


def test_a_request_without_a_case_finds_nothing_even_if_something_was_kept_without_one() -> None:
    contexts = KeptContexts(limit=100)
    contexts.keep("", "", [1, 2, 3], state(10))
    assert contexts.of_case("", "") is None


def test_the_longest_unused_goes_first_when_memory_is_short() -> None:
    contexts = KeptContexts(limit=30)
    kept = {case: state(10) for case in "abcd"}
    for case in "abc":
        contexts.keep(case, "", [1], kept[case])
    contexts.of_case("a", "")
    contexts.keep("d", "", [1], kept["d"])
    assert [case for case in "abcd" if contexts.of_case(case, "")] == ["a", "c", "d"]
    assert (contexts.bytes, contexts.evictions, len(contexts)) == (30, 1, 3)
    assert bytes(kept["b"].buffer) == bytes(10), "overwritten, not only let go"
    assert bytes(kept["a"].buffer) == b"\x01" * 10


def test_a_new_context_of_a_case_takes_the_place_of_the_old_one() -> None:
    contexts = KeptContexts(limit=30)
    old, new = state(10), state(20)
    contexts.keep("a", "", [1], old)
    contexts.keep("a", "", [1, 2], new)
    assert (contexts.bytes, len(contexts), contexts.evictions) == (20, 1, 0)
    assert bytes(old.buffer) == bytes(10)


def test_what_is_larger_than_all_the_memory_is_not_kept_and_drives_nobody_out() -> None:
    contexts = KeptContexts(limit=30)
    contexts.keep("a", "", [1], state(10))
    assert not contexts.keep("b", "", [1], state(31))
    assert (len(contexts), contexts.bytes) == (1, 10)


def test_what_nobody_used_for_long_is_dropped() -> None:
    clock = Clock()
    contexts = KeptContexts(limit=100, unused_seconds=60, now=clock)
    contexts.keep("a", "", [1], state(10))
    contexts.keep("b", "", [1], state(10))
    clock.seconds = 59
    contexts.of_case("a", "")
    clock.seconds = 61
    contexts.drop_unused()
    assert contexts.of_case("b", "") is None
    assert contexts.of_case("a", "") is not None


def test_forgetting_a_case_drops_it_for_every_adapter() -> None:
    contexts = KeptContexts(limit=100)
    contexts.keep("a", "im", [1], state(10))
    contexts.keep("a", "gm", [1], state(10))
    contexts.keep("b", "im", [1], state(10))
    contexts.forget("a")
    assert (len(contexts), contexts.bytes) == (1, 10)


def test_shared_beginnings_are_few() -> None:
    contexts = KeptContexts(limit=0)
    for number in range(SHARED_KEPT + 2):
        contexts.keep_shared("", [number], state(1))
    assert contexts.shared([0], "") is None
    assert contexts.shared([SHARED_KEPT + 1], "") is not None
    assert contexts.shared([SHARED_KEPT + 1], "gm") is None


def test_the_common_beginning_of_two_sequences() -> None:
    assert common_beginning([1, 2, 3], [1, 2, 4]) == 2
    assert common_beginning([1, 2], [1, 2, 4]) == 2
    assert common_beginning([], [1]) == 0


def test_what_went_is_given_back_to_the_system() -> None:
    """A budget holds for what the process takes, not only for what is counted."""
    limit, chance = 64 * MIB, random.Random(1)
    contexts = KeptContexts(limit=limit)
    before = resident_bytes()
    for number in range(300):
        kept = KeptState(chance.randrange(4 * MIB, 20 * MIB))
        kept.wipe()  # touches every page
        contexts.keep(f"case {number}", "im", [number], kept)
    assert contexts.evictions > 200
    assert resident_bytes() - before < limit + 16 * MIB
