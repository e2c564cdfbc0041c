"""How many tokens a step reads: few enough for those who speak, enough for those who wait."""

from __future__ import annotations

import math

import pytest

from assistant.inference.pace import (
    FIRST_GUESS,
    FORGOTTEN_AFTER,
    GAP_SECONDS,
    LEAST_TOKENS,
    LONGEST_GAP_SECONDS,
    LONGEST_PREPARING_SECONDS,
    TILE,
    Pace,
    piece,
)

MOST = 512


class Processor:
    """Reads a prompt in the steps that a pace allows."""

    def __init__(self, *, row_by_row: float, in_tiles: float) -> None:
        """Tokens a second in steps of less than 64 tokens, and in longer ones."""
        self.row_by_row, self.in_tiles = row_by_row, in_tiles
        self.pace = Pace()

    def step(self, *, waiting: int = 1, speaking: int = 1) -> float:
        """Seconds of the step."""
        tokens = self.pace.prefill_tokens(waiting=waiting, speaking=speaking, most=MOST)
        return self.read(tokens)

    def read(self, tokens: int) -> float:
        seconds = tokens / (self.row_by_row if tokens < 64 else self.in_tiles)
        self.pace.prefilled(tokens=tokens, seconds=seconds)
        return seconds

    def settled(self, *, waiting: int = 1, speaking: int = 1) -> float:
        for _ in range(20):
            self.step(waiting=waiting, speaking=speaking)
        return self.step(waiting=waiting, speaking=speaking)


def test_a_stream_stands_still_no_longer_than_asked_where_short_steps_read_as_fast() -> None:
    fast = Processor(row_by_row=500, in_tiles=550)
    assert 0.5 * GAP_SECONDS < fast.settled() <= GAP_SECONDS


def test_where_short_steps_are_slow_it_finds_out_even_if_somebody_always_speaks() -> None:
    """Else the speed of short steps makes them shorter, and they stay the only ones whose speed is known."""
    slow = Processor(row_by_row=160, in_tiles=290)
    seconds = slow.settled()
    assert GAP_SECONDS < seconds <= LONGEST_GAP_SECONDS
    assert seconds * slow.in_tiles >= 64


@pytest.mark.parametrize("speaking", [0, 1])
def test_a_size_that_was_measured_in_a_bad_moment_is_tried_again(speaking: int) -> None:
    machine = Processor(row_by_row=160, in_tiles=290)
    for size in (64, 128, 256):
        machine.pace.prefilled(tokens=size, seconds=5.0)
    for _ in range(FORGOTTEN_AFTER + 20):
        machine.step(speaking=speaking)
    assert machine.step(speaking=speaking) * machine.in_tiles >= 64


def test_a_step_that_must_be_long_is_never_longer_than_the_bound() -> None:
    large = Processor(row_by_row=20, in_tiles=30)  # a model of 7 billion weights: 64 tokens would take two seconds
    assert large.settled() == LEAST_TOKENS / large.row_by_row


def test_where_many_wait_for_few_these_stand_still_for_longer() -> None:
    machine = Processor(row_by_row=500, in_tiles=550)
    assert machine.settled(waiting=1, speaking=7) <= GAP_SECONDS
    assert GAP_SECONDS < machine.settled(waiting=7, speaking=1) <= LONGEST_GAP_SECONDS


def test_the_speed_of_one_size_says_nothing_about_another() -> None:
    machine = Processor(row_by_row=100, in_tiles=400)
    for _ in range(20):
        machine.read(256)
    for _ in range(20):
        machine.read(32)
    assert machine.pace.seconds_for(280) == pytest.approx(280 / 400, abs=0.05)
    assert machine.pace.seconds_for(32) == pytest.approx(32 / 100, abs=0.05)


def test_before_anything_was_measured_there_is_a_guess() -> None:
    assert Pace().seconds_for(200) == 200 / FIRST_GUESS
    assert Pace().prefill_tokens(waiting=1, speaking=1, most=MOST) == LEAST_TOKENS


def test_preparing_beside_those_who_speak_takes_no_more_than_half_of_the_time() -> None:
    machine = Processor(row_by_row=160, in_tiles=290)
    machine.settled()
    spoken = prepared = 0.0
    for _ in range(400):
        machine.pace.decoded(rows=4, seconds=0.02)
        spoken += 0.02
        if tokens := machine.pace.preparing_tokens(speaking=1, slots=8, most=MOST):
            seconds = machine.read(tokens)
            assert seconds <= LONGEST_PREPARING_SECONDS
            prepared += seconds
    assert 0.3 * spoken < prepared < 1.01 * spoken


@pytest.mark.parametrize("room", [16, 48, 64, 80, 128, 512])
def test_pieces_are_equal_and_no_shorter_than_a_tile_where_there_is_room_for_one(room: int) -> None:
    for prompt in range(1, 700):
        pieces, left = [], prompt
        while left:
            pieces.append(piece(left, room=room))
            left -= pieces[-1]
        assert max(pieces) <= (room if room < TILE else max(room, 2 * TILE - 1))
        assert len(pieces) <= math.ceil(prompt / room)
        if room >= TILE and prompt >= TILE:
            assert min(pieces) >= TILE
