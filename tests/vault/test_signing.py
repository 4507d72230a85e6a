"""The signing key: made once, private, and one kind of statement is never another."""

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vault.errors import KeyUnusable
from vault.keys import signing


def test_what_one_half_signs_the_other_confirms(tmp_path: Path) -> None:
    made = signing.make(tmp_path)
    key, public = signing.load(tmp_path), signing.load_public(tmp_path / "audit.public")
    assert made.public == key.public == public == signing.load_public(tmp_path)
    signature = key.sign("audit head 1", b"told")
    assert public.confirms("audit head 1", b"told", signature)
    raw = Ed25519PublicKey.from_public_bytes(public.raw)
    raw.verify(signature, b"sealgate audit head 1\ntold")  # as any other program would
    with pytest.raises(InvalidSignature):
        raw.verify(signature, b"told")


@pytest.mark.parametrize(
    ("kind", "told", "cut"),
    [("other 1", b"told", 64), ("audit head 1", b"tale", 64), ("audit head 1", b"told", 63)],
)
def test_anything_else_is_not_confirmed(tmp_path: Path, kind: str, told: bytes, cut: int) -> None:
    key = signing.make(tmp_path)
    assert not key.public.confirms(kind, told, key.sign("audit head 1", b"told")[:cut])


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    signing.make(tmp_path)
    (tmp_path / "audit.private").unlink()
    before = (tmp_path / "audit.public").read_bytes()
    assert signing.exists(tmp_path)
    with pytest.raises(KeyUnusable, match=r"audit\.public"):
        signing.make(tmp_path)
    assert (tmp_path / "audit.public").read_bytes() == before
    assert not (tmp_path / "audit.private").exists()


def test_the_half_that_signs_is_for_its_owner_alone(tmp_path: Path) -> None:
    signing.make(tmp_path)
    file = tmp_path / "audit.private"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        signing.load(tmp_path)


@pytest.mark.parametrize("name", ["audit.private", "audit.public"])
def test_a_file_that_was_mixed_up_is_refused(tmp_path: Path, name: str) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        signing.make(folder)
    lines = (one / name).read_text().splitlines()
    theirs = (other / name).read_text().splitlines()
    (one / name).write_text("\n".join([*lines[:-1], theirs[-1]]))
    with pytest.raises(KeyUnusable, match="says id"):
        signing.load(one) if name == "audit.private" else signing.load_public(one)
