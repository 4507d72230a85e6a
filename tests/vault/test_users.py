"""Users: the right password and no other, and an address is one user's."""

import statistics
import time
from collections.abc import Iterator

import pytest
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from sqlalchemy import select

from vault.address import Address
from vault.people import users
from vault.secrets import Secret
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store

CLERK = Address.parse("Clerk@council.gov.uk")
INFO = Address.parse("info@council.gov.uk")
PASSWORD = Secret("a long pässword".encode())


@pytest.fixture
def store(settings: VaultSettings) -> Iterator[Store]:
    store = Store(settings)
    users.add(store, CLERK, PASSWORD, [INFO])
    yield store
    store.close()


def test_the_right_password_gives_the_user(store: Store) -> None:
    for login in ("Clerk@council.gov.uk", "clerk@COUNCIL.gov.uk", "CLERK@council.gov.uk"):
        user = users.verify(store, login, PASSWORD)
        assert user == users.User(CLERK, frozenset({CLERK, INFO}))


@pytest.mark.parametrize(
    "password",
    ["", "a long password", "A long pässword", "a long pässword ", "a long pässword\0", "x" * 9999],
)
def test_any_other_password_gives_nobody(store: Store, password: str) -> None:
    assert users.verify(store, str(CLERK), Secret(password.encode())) is None


@pytest.mark.parametrize(
    "login", ["", "clerk", str(INFO), "eve@council.gov.uk", "' OR 1=1", "a\0b"]
)
def test_any_other_login_gives_nobody(store: Store, login: str) -> None:
    assert users.verify(store, login, PASSWORD) is None


def test_the_hash_is_argon2id_with_the_promised_cost(store: Store) -> None:
    with store.reading() as tx:
        [kept] = tx.execute(select(tables.users.c.password)).scalars()
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert b"long" not in kept.encode()


def test_equal_passwords_have_unequal_hashes(store: Store) -> None:
    users.add(store, Address.parse("b@council.gov.uk"), PASSWORD, [])
    with store.reading() as tx:
        assert len(set(tx.execute(select(tables.users.c.password)).scalars())) == 2


def test_an_unknown_login_is_measured_against_a_true_hash() -> None:
    with pytest.raises(InvalidKey):
        Argon2id.verify_phc_encoded(b"anything", users._NOBODY)
    assert users._NOBODY.split("$")[1:4] == ["argon2id", "v=19", "m=19456,t=2,p=1"]


def test_an_unknown_login_takes_as_long_as_a_wrong_password(store: Store) -> None:
    def median(login: str) -> float:
        times = []
        for _ in range(9):
            begin = time.perf_counter()
            assert users.verify(store, login, Secret(b"wrong wrong")) is None
            times.append(time.perf_counter() - begin)
        return statistics.median(times)

    known, unknown = median(str(CLERK)), median("eve@council.gov.uk")
    assert 0.2 < known / unknown < 5, "without the second hash it would be some 50"


def test_another_password(store: Store) -> None:
    users.set_password(store, CLERK, Secret(b"quite another"))
    assert users.verify(store, str(CLERK), PASSWORD) is None
    assert users.verify(store, str(CLERK), Secret(b"quite another")) is not None
    with pytest.raises(ValueError, match="not a user"):
        users.set_password(store, INFO, PASSWORD)


@pytest.mark.parametrize("size", [0, 7, 1025])
def test_passwords_that_are_too_short_or_too_long(store: Store, size: int) -> None:
    for refuse in (users.add, users.set_password):
        with pytest.raises(ValueError, match="8 to 1024 bytes"):
            refuse(store, CLERK, Secret(b"x" * size))


def test_the_longest_password_is_not_cut(store: Store) -> None:
    users.set_password(store, CLERK, Secret(b"x" * 1024))
    assert users.verify(store, str(CLERK), Secret(b"x" * 1024)) is not None
    assert users.verify(store, str(CLERK), Secret(b"x" * 1025)) is None


@pytest.mark.parametrize(
    ("address", "aliases"),
    [
        ("Clerk@council.gov.uk", []),
        ("clerk@council.gov.uk", []),
        ("INFO@council.gov.uk", []),
        ("new@council.gov.uk", ["info@council.gov.uk"]),
        ("new@council.gov.uk", ["other@council.gov.uk", "CLERK@council.gov.uk"]),
    ],
)
def test_an_address_is_one_users_however_it_is_spelt(
    store: Store, address: str, aliases: list[str]
) -> None:
    with pytest.raises(ValueError, match="already"):
        users.add(store, Address.parse(address), PASSWORD, map(Address.parse, aliases))
    assert users.names(store) == [str(CLERK)]


def test_an_alias_given_twice_or_like_the_address_is_one(store: Store) -> None:
    new = Address.parse("new@council.gov.uk")
    same = ["NEW@council.gov.uk", "team@council.gov.uk", "Team@council.gov.uk"]
    users.add(store, new, PASSWORD, map(Address.parse, same))
    user = users.verify(store, str(new), PASSWORD)
    assert user is not None
    assert len(user.addresses) == 2


def test_a_user_may_send_as_what_is_his_and_no_more(store: Store) -> None:
    user = users.verify(store, str(CLERK), PASSWORD)
    assert user is not None
    for mine in ("clerk@council.gov.uk", "Info@council.gov.uk"):
        assert user.may_send_as(Address.parse(mine))
    for other in ("clerk@council.gov.uk.evil.com", "clerk2@council.gov.uk", "info@gov.uk"):
        assert not user.may_send_as(Address.parse(other))


def test_removing_frees_every_address(store: Store) -> None:
    users.remove(store, Address.parse("clerk@council.gov.uk"))
    assert users.verify(store, str(CLERK), PASSWORD) is None
    assert users.names(store) == []
    users.add(store, INFO, PASSWORD, [CLERK])
    with pytest.raises(ValueError, match="not a user"):
        users.remove(store, CLERK)
    assert users.names(store) == [str(INFO)]
