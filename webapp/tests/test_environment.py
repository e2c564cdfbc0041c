"""What of the tests runs a second time, on PostgreSQL."""

from __future__ import annotations

import pytest

from webapp.pytest_environment import touches_a_database


@pytest.mark.django_db
def test_a_test_that_is_marked_touches_a_database(request: pytest.FixtureRequest) -> None:
    assert touches_a_database(request.node)


def test_so_does_one_whose_fixtures_do(request: pytest.FixtureRequest, cast: object) -> None:
    assert touches_a_database(request.node)


def test_others_do_not(request: pytest.FixtureRequest) -> None:
    assert not touches_a_database(request.node)
