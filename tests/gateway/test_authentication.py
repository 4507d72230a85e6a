"""Signing in: what is read, who is let in, and how fast one may guess."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.errors import RefusedError
from gateway.signin.local import LocalUsers
from gateway.smtp import authentication, sasl
from gateway.smtp.authentication import Authenticator, Turns
from gateway.smtp.premises import Kind
from gateway.smtp.sasl import Credentials
from gateway.smtp.throttle import BY_ACCOUNT
from gateway.workers import Workers
from tests.dialogue import Talk
from tests.gateway.office import AMY, JANE, PASSWORD, captured, mail, office
from tests.vault.bench import HandClock
from vault.address import Address
from vault.people import users
from vault.secrets import Secret
from vault.settings import VaultSettings
from vault.storage.store import Store

HERE = "192.0.2.1"


# --- reading


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"\0jane\0secret", ("jane", b"secret")),
        (b"jane\0jane\0secret", ("jane", b"secret")),
        ("\0jäne\0pässword".encode(), ("jäne", "pässword".encode())),
        (b"boss\0jane\0secret", "535 5.7.8"),
        (b"Jane\0jane\0secret", "535 5.7.8"),
        (b"\0\0secret", "535 5.7.8"),
        (b"\0jane\0", "535 5.7.8"),
        (b"\0jane\0" + b"x" * 1025, "535 5.7.8"),
        (b"\0" + b"x" * 321 + b"\0secret", "535 5.7.8"),
        (b"\0\xff\0secret", "501 5.5.2"),
        (b"jane\0secret", "501 5.5.2"),
        (b"\0jane\0sec\0ret", "501 5.5.2"),
        (b"", "501 5.5.2"),
    ],
)
def test_plain(message: bytes, expected: object) -> None:
    if isinstance(expected, str):
        with pytest.raises(RefusedError) as refused:
            sasl.plain(message)
        assert refused.value.reply.status == expected
    else:
        found = sasl.plain(message)
        assert (found.login, found.password.reveal()) == expected


@pytest.mark.parametrize("line", [b"a", b"!!!!", b"YQ", b"YQ==YQ==", b"Y Q=", b"\xff\xff\xff\xff"])
def test_what_is_no_base64_is_refused(line: bytes) -> None:
    with pytest.raises(RefusedError) as refused:
        sasl.decode(line)
    assert refused.value.reply.status == "501 5.5.2"


def test_base64() -> None:
    assert sasl.decode(base64.b64encode(b"\0a\0b")) == b"\0a\0b"
    assert sasl.decode(b"=") == b""
    with pytest.raises(RefusedError) as refused:
        sasl.decode(b"*")
    assert refused.value.reply.status == "501 5.7.0"


def test_a_password_cannot_be_shown() -> None:
    found = sasl.plain(b"\0jane\0secret-word")
    assert "secret-word" not in repr(found) + str(found.password)


# --- pace


async def test_an_address_guesses_one_at_a_time() -> None:
    turns, running, most = Turns(), 0, 0

    async def guess(ip: str) -> None:
        nonlocal running, most
        async with turns.turn(ip):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1

    await asyncio.gather(*(guess(HERE) for _ in range(20)))
    assert most == 1
    await asyncio.gather(*(guess(f"ip{number}") for number in range(20)))
    assert most > 1
    assert turns._locks == {}


async def test_a_turn_that_is_given_up_is_passed_on() -> None:
    turns = Turns()
    async with turns.turn(HERE):
        waiting = [asyncio.create_task(turns.turn(HERE).__aenter__()) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    await waiting[1]
    assert turns._locks[HERE][1] == 1


# --- who is let in


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    store = Store(VaultSettings(folder=tmp_path), checkpoints=True, clock=clock)
    users.add(store, Address.parse(JANE), Secret(PASSWORD.encode()))
    yield store
    store.close()


async def test_right_and_wrong(store: Store) -> None:
    workers = Workers(1)
    check = Authenticator([LocalUsers(store, workers)], store, Secret.random())
    user = await check.verify(Credentials(JANE, Secret(PASSWORD.encode())), HERE)
    assert user is not None
    assert str(user.address) == JANE
    for login, password in [(JANE, "wrong"), ("nobody@council.gov.uk", PASSWORD), ("x", "y")]:
        with captured() as entries:
            assert await check.verify(Credentials(login, Secret(password.encode())), HERE) is None
        assert [one["event"] for one in entries] == ["auth.failed"]
        assert JANE not in repr(entries)
        assert password not in repr(entries)
    workers.close()


async def test_guesses_from_one_address_wait_for_one_another(store: Store) -> None:
    class Counted(Workers):
        running = most = 0

        async def call(self, *work, **more):  # type: ignore[no-untyped-def]
            self.running += 1
            self.most = max(self.most, self.running)
            try:
                return await super().call(*work, **more)
            finally:
                self.running -= 1

    workers = Counted(4)
    check = Authenticator([LocalUsers(store, workers)], store, Secret.random())
    await asyncio.gather(
        *(check.verify(Credentials(f"u{n}", Secret(b"wrong")), HERE) for n in range(4))
    )
    assert workers.most == 1
    await check.verify(Credentials(JANE, Secret(PASSWORD.encode())), HERE)
    store.settle()
    right = Secret(PASSWORD.encode())
    await asyncio.gather(*(check.verify(Credentials(JANE, right), HERE) for _ in range(3)))
    assert workers.most > 1  # a phone and a laptop need not wait for each other
    workers.close()


async def test_the_wait_is_the_same_for_names_that_do_not_exist(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds=seconds)
        await real(0)

    monkeypatch.setattr(authentication.asyncio, "sleep", sleep)
    workers = Workers(1)
    seen = []
    for login in (JANE, "nobody@council.gov.uk"):
        check = Authenticator([LocalUsers(store, workers)], store, Secret.random())
        waits.clear()
        clock.advance(days=1)
        for _ in range(BY_ACCOUNT.free + 3):
            await check.verify(Credentials(login, Secret(b"wrong")), HERE)
        seen.append(list(waits))
    assert seen[0] == seen[1] == [0.0] * BY_ACCOUNT.free + [1.0, 2.0, 4.0]
    workers.close()


@pytest.mark.parametrize(
    ("login", "same"),
    [
        (JANE, "jane@ｃouncil.gov.uk"),
        (JANE, "jane@council。gov.uk"),
        (JANE, "jane@co\ufe0funcil.gov.uk"),
        (JANE, '"jane"@COUNCIL.gov.uk'),
        ("jane", " ＪÁne "),  # a directory may go by letters alone
        ("jane jones", "jane  \u200bjones"),
    ],
)
async def test_other_spellings_of_a_name_are_no_further_guesses(
    login: str, same: str, store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(authentication.asyncio, "sleep", sleep)
    workers = Workers(1)
    check = Authenticator([LocalUsers(store, workers)], store, Secret.random())
    for n in range(BY_ACCOUNT.free):
        await check.verify(Credentials(login, Secret(b"wrong")), f"192.0.2.{n}")
    await check.verify(Credentials(same, Secret(b"wrong")), "198.51.100.1")
    assert waits == [0.0] * BY_ACCOUNT.free + [1.0]
    workers.close()


async def test_a_broken_store_is_454_and_costs_no_try(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        port = here.listener.bound[Kind.TLS][1]
        async with await Talk.open(port, here.tls) as talk:
            await talk.reply()
            await talk.say("EHLO x", "250")
            with here.store.writing() as tx:
                tx.execute(text("ALTER TABLE users RENAME TO gone"))
            for _ in range(5):
                await talk.sign_in(JANE, PASSWORD, "454 4.7.0 Temporary failure")
            with here.store.writing() as tx:
                tx.execute(text("ALTER TABLE gone RENAME TO users"))
            await talk.sign_in(JANE, PASSWORD, "235")
            data = mail().removesuffix(b"\r\n")
            assert (await talk.mail(JANE, AMY, data=data)).startswith("250")
