"""Sealing to a public key: it opens with the right half and the right binding only."""

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.errors import KeyUnusable, Tampered
from vault.keys.hpke import PrivateHalf, PublicHalf, binding, key_id_of
from vault.secrets import Secret

PAIR = PrivateHalf.generate()
OTHER = PrivateHalf.generate()
INFO = binding("content", "a" * 26)


@given(st.binary(max_size=300), st.binary(max_size=80))
def test_what_is_sealed_opens(plain: bytes, info: bytes) -> None:
    assert PAIR.open(PAIR.public().seal(plain, info), info) == plain


def test_a_wrapped_key_comes_back_as_a_secret() -> None:
    key = Secret.random()
    wrapped = PAIR.public().wrap(key, INFO)
    assert PAIR.unwrap(wrapped, INFO) == key
    assert len(wrapped) == 32 + 1146
    assert key.reveal() not in wrapped


def test_sealing_twice_gives_different_bytes() -> None:
    assert len({PAIR.public().seal(b"same", INFO) for _ in range(50)}) == 50


def test_every_byte_counts() -> None:
    """Version, suite, key id, encapsulation, ciphertext and tag: nothing can be changed."""
    sealed = PAIR.public().wrap(Secret.random(), INFO)
    for position in range(len(sealed)):
        forged = bytearray(sealed)
        forged[position] ^= 1 << (position % 8)
        with pytest.raises(Tampered):
            PAIR.open(bytes(forged), INFO)
    assert PAIR.open(sealed, INFO)  # and the untouched one does open


def test_every_length_but_the_right_one_is_refused() -> None:
    sealed = PAIR.public().wrap(Secret.random(), INFO)
    for cut in [*range(40), *range(1100, len(sealed))]:
        with pytest.raises(Tampered):
            PAIR.open(sealed[:cut], INFO)
    with pytest.raises(Tampered):
        PAIR.open(sealed + b"\0", INFO)


def test_a_value_is_tied_to_purpose_identifier_and_key() -> None:
    infos = [
        binding("content", "a" * 26),
        binding("content", "b" * 26),
        binding("relay", "a" * 26),
        binding("content", "a" * 26, "notice"),
        binding("contenta", "a" * 25),
        b"",
    ]
    sealed = [PAIR.public().seal(b"x", info) for info in infos]
    for (i, one), (j, info) in itertools.product(enumerate(sealed), enumerate(infos)):
        if i == j:
            assert PAIR.open(one, info) == b"x"
        else:
            with pytest.raises(Tampered):
                PAIR.open(one, info)
        with pytest.raises(Tampered):
            OTHER.open(one, info)


def test_a_key_id_that_is_exchanged_does_not_help() -> None:
    sealed = bytearray(PAIR.public().seal(b"x", INFO))
    sealed[2:10] = bytes.fromhex(OTHER.key_id)
    for half in (PAIR, OTHER):
        with pytest.raises(Tampered):
            half.open(bytes(sealed), INFO)


@given(st.lists(st.text(max_size=6), max_size=4), st.lists(st.text(max_size=6), max_size=4))
def test_two_bindings_are_equal_only_if_their_fields_are(one: list[str], two: list[str]) -> None:
    assert (binding("p", *one) == binding("p", *two)) == (one == two)


def test_the_key_id_is_that_of_the_public_half() -> None:
    public = PAIR.public()
    assert public.key_id == PAIR.key_id == hashlib.sha256(public.to_bytes()).hexdigest()[:16]
    assert key_id_of(public.seal(b"", b"")) == PAIR.key_id
    with pytest.raises(Tampered):
        key_id_of(b"\1\1short")


def test_both_halves_survive_being_written_down() -> None:
    public = PublicHalf.from_bytes(PAIR.public().to_bytes())
    private = PrivateHalf.from_bytes(PAIR.to_bytes())
    assert private.open(public.seal(b"x", INFO), INFO) == b"x"
    assert len(PAIR.to_bytes()) == 96
    assert len(PAIR.public().to_bytes()) == 1216


@pytest.mark.parametrize("raw", [b"", bytes(1215), bytes(1217), b"\xff" * 1216])
def test_bytes_that_are_no_public_key_are_refused(raw: bytes) -> None:
    with pytest.raises(KeyUnusable):
        PublicHalf.from_bytes(raw)


def test_a_point_of_low_order_is_refused() -> None:
    mlkem = PAIR.public().to_bytes()[:1184]
    with pytest.raises(KeyUnusable):
        PublicHalf.from_bytes(mlkem + bytes(32))
    PublicHalf.from_bytes(PAIR.public().to_bytes())


def test_bytes_that_are_no_private_key_are_refused() -> None:
    for size in (0, 95, 97):
        with pytest.raises(KeyUnusable):
            PrivateHalf.from_bytes(Secret(bytes(size)))


def test_neither_half_shows_its_private_bytes() -> None:
    seeds = PAIR.to_bytes().reveal()
    for shown in (repr(PAIR), str(vars(PAIR)), repr(PAIR.public())):
        assert seeds[:8].hex() not in shown
        assert repr(seeds[:8])[2:-1] not in shown
