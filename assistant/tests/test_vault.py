"""Text at rest is ciphertext bound to its place; a destroyed key is the end of a case."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from assistant.models import CaseKey, DraftRevision, Post
from assistant.vault.keys import (
    CaseErased,
    VaultError,
    create_key_file,
    new_key,
    read_key_file,
    seal,
    unseal,
)
from webapp import test as build
from webapp.privacy import erase_post

pytestmark = pytest.mark.django_db

MARKER = "heron-in-the-reeds"


def raw(row: Post) -> bytes:
    with connection.cursor() as cursor:
        table = row._meta.db_table
        cursor.execute(
            f"SELECT text FROM {table} WHERE id = %s", [row.id.hex if connection.vendor == "sqlite" else row.id]
        )
        return bytes(cursor.fetchone()[0])


def test_the_column_holds_no_text() -> None:
    row = build.post(f"I saw a {MARKER} today")
    assert MARKER.encode() not in raw(row)
    assert Post.objects.get(id=row.id).text == f"I saw a {MARKER} today"


def test_the_same_text_looks_different_every_time() -> None:
    assert raw(build.post("the same words"))[12:] != raw(build.post("the same words"))[12:]


def test_a_value_that_was_moved_to_another_row_does_not_open() -> None:
    one, other = build.post("first letter"), build.post("second letter")
    with connection.cursor() as cursor:
        ids = [key.hex if connection.vendor == "sqlite" else key for key in (one.id, other.id)]
        cursor.execute(
            "UPDATE assistant_post SET text = (SELECT text FROM assistant_post WHERE id = %s) WHERE id = %s", ids
        )
    with pytest.raises(VaultError):
        _ = Post.objects.get(id=other.id).text


def test_it_cannot_be_written_or_searched_around_its_row() -> None:
    row = build.post()
    with pytest.raises(FieldError):
        Post.objects.filter(id=row.id).update(text="in the clear")
    with pytest.raises(FieldError):
        Post.objects.filter(text="in the clear").first()


@given(st.binary(max_size=300), st.integers(min_value=0), st.integers(min_value=0, max_value=7))
def test_one_flipped_bit_anywhere_is_noticed(plain: bytes, where: int, bit: int) -> None:
    key = new_key()
    sealed = bytearray(seal(key, plain, bound_to="place"))
    sealed[where % len(sealed)] ^= 1 << bit
    with pytest.raises(VaultError):
        unseal(key, bytes(sealed), bound_to="place")


@given(st.text(max_size=500))
def test_every_text_comes_back_as_it_was(text: str) -> None:
    key = new_key()
    assert unseal(key, seal(key, text.encode(), bound_to="x"), bound_to="x").decode() == text


def test_an_erased_case_is_unreadable_everywhere() -> None:
    author = build.Cast().wren
    draft = build.draft(author)
    erase_post(draft.post)
    with pytest.raises(CaseErased):
        _ = Post.objects.get(id=draft.post_id).text
    with pytest.raises(CaseErased):
        _ = DraftRevision.objects.get(draft=draft).text
    assert CaseKey.objects.get(id=draft.case_id).wrapped is None


def test_erasing_twice_is_no_error() -> None:
    row = build.post()
    erase_post(row)
    erase_post(row)


def test_an_erased_case_is_gone_from_the_pages(client: Client) -> None:
    author = build.Cast().wren
    draft = build.draft(author)
    erase_post(draft.post)
    client.force_login(author)
    assert client.get(f"/drafts/{draft.id}/").status_code == 404
    assert client.get("/posts/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_erase_command_says_what_it_would_do_first(capsys: pytest.CaptureFixture[str]) -> None:
    row = build.post()
    call_command("erase", "--post", str(row.id))
    assert "Would destroy" in capsys.readouterr().out
    assert Post.objects.get(id=row.id).text == build.CALM_POST
    call_command("erase", "--post", str(row.id), "--yes")
    with pytest.raises(CaseErased):
        _ = Post.objects.get(id=row.id).text


def test_rotation_wraps_the_keys_again_and_leaves_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys"
    create_key_file(path)
    monkeypatch.setattr(settings, "VAULT_KEYS_FILE", path)
    row = build.post("stays readable")
    before = raw(row)
    call_command("rotate_keys", "--yes", "--drop-old")
    assert raw(row) == before
    assert Post.objects.get(id=row.id).text == "stays readable"
    assert list(read_key_file(path).keys) == ["m2"]


def test_without_its_master_key_a_case_stays_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = build.post()
    other = tmp_path / "other-keys"
    create_key_file(other)
    monkeypatch.setattr(settings, "VAULT_KEYS_FILE", other)
    with pytest.raises(VaultError):
        _ = Post.objects.get(id=row.id).text


def test_every_encrypted_table_is_known_to_retention() -> None:
    from django.apps import apps

    from assistant import retention
    from assistant.vault.fields import EncryptedTextField
    from moderation import retention as flags
    from webapp.studies import retention as studies

    with_text = {
        model
        for model in apps.get_models()
        if any(isinstance(field, EncryptedTextField) for field in model._meta.get_fields())
    }
    assert with_text == {*retention.ENCRYPTED, *flags.ENCRYPTED, *studies.ENCRYPTED}
