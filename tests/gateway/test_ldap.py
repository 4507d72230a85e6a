"""Signing in with a directory: a real slapd, real binds, and one that is slow or gone."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.errors import BackendDownError
from gateway.signin.backend import user_of
from gateway.signin.ldap import LdapDirectory
from gateway.signin.local import LocalUsers
from gateway.signin.settings import LdapSettings
from gateway.smtp.authentication import Authenticator
from gateway.smtp.sasl import Bearer, Credentials
from gateway.smtp.throttle import BY_ACCOUNT
from gateway.workers import Workers
from tests.directory import BASE, READER, READER_PASSWORD, Directory, directory, missing
from tests.gateway.office import captured
from tests.vault.bench import HandClock
from vault.address import Address
from vault.people import users
from vault.secrets import Secret
from vault.settings import VaultSettings
from vault.storage.store import Store

OURS = ("council.gov.uk",)
JANE, PASSWORD = "jane@council.gov.uk", "correct horse"
needs_slapd = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


def settings(url: str, **changed: object) -> LdapSettings:
    return LdapSettings.model_validate(
        {
            "url": url,
            "base": BASE,
            "bind_dn": READER,
            "bind_password": READER_PASSWORD,
            "timeout": 2,
            **changed,
        }
    )


def typed(login: str, password: str) -> Credentials:
    return Credentials(login, Secret(password.encode()))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    with directory(tmp_path_factory.mktemp("ldap")) as running:
        yield running


@pytest.fixture
async def ldap(found: Directory) -> AsyncIterator[LdapDirectory]:
    backend = LdapDirectory(settings(found.url), OURS)
    yield backend
    await backend.close()


@needs_slapd
async def test_the_right_password_lets_in_as_every_address_of_ours(ldap: LdapDirectory) -> None:
    user = await ldap.identify(typed(JANE, PASSWORD))
    assert user is not None
    assert str(user.address) == JANE
    assert set(map(str, user.addresses)) == {JANE, "team@council.gov.uk"}  # not the one at home
    assert (await ldap.identify(typed("team@council.gov.uk", PASSWORD))) == user


@needs_slapd
@pytest.mark.parametrize(
    ("login", "password"),
    [
        (JANE, "wrong"),
        (JANE, ""),
        (JANE, "correct horse "),
        ("nobody@council.gov.uk", PASSWORD),
        ("outsider@home.example", PASSWORD),  # a true password, and no address of ours
        ("*", PASSWORD),
        ("jane*", PASSWORD),
        ("*)(uid=jane", PASSWORD),
        ("jane@council.gov.uk)(|(uid=*", PASSWORD),
        ("\\2a", PASSWORD),
        ("j\0", PASSWORD),
        ("", PASSWORD),
    ],
)
async def test_nothing_else_does(ldap: LdapDirectory, login: str, password: str) -> None:
    assert await ldap.identify(typed(login, password)) is None


@needs_slapd
async def test_a_name_that_two_people_share_is_nobodys(found: Directory) -> None:
    backend = LdapDirectory(settings(found.url, filter="(cn={login})"), OURS)
    assert await backend.identify(typed("Jane Jones", PASSWORD)) is None
    everybody = LdapDirectory(settings(found.url, filter="(|(uid={login})(uid=*))"), OURS)
    assert await everybody.identify(typed("jane", PASSWORD)) is None
    by_uid = LdapDirectory(settings(found.url, filter="(uid={login})"), OURS)
    assert await by_uid.identify(typed("jane", PASSWORD)) is not None


@needs_slapd
async def test_over_tls_the_certificate_must_be_right(found: Directory) -> None:
    good = LdapDirectory(settings(found.tls_url, authorities=found.certificate), OURS)
    assert await good.identify(typed(JANE, PASSWORD)) is not None
    doubtful = LdapDirectory(settings(found.tls_url), OURS)
    with pytest.raises(BackendDownError):
        await doubtful.identify(typed(JANE, PASSWORD))


@needs_slapd
async def test_a_wrong_service_password_is_our_trouble_not_the_users(found: Directory) -> None:
    backend = LdapDirectory(settings(found.url, bind_password="mistyped"), OURS)
    with captured() as entries, pytest.raises(BackendDownError):
        await backend.identify(typed(JANE, PASSWORD))
    assert [one["event"] for one in entries] == ["auth.backend_down"]
    assert PASSWORD not in repr(entries)
    assert "mistyped" not in repr(entries)


@needs_slapd
async def test_tokens_are_not_passwords(ldap: LdapDirectory) -> None:
    assert await ldap.identify(Bearer(JANE, Secret(PASSWORD.encode()))) is None


@needs_slapd
async def test_guessing_is_slowed_down_as_everywhere(
    ldap: LdapDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    clock = HandClock()
    store = Store(VaultSettings(folder=tmp_path), clock=clock)
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds=seconds)
        await real(0)

    check = Authenticator([ldap], store, Secret.random())
    monkeypatch.setattr("gateway.smtp.authentication.asyncio.sleep", sleep)
    for _ in range(BY_ACCOUNT.free + 2):
        assert await check.verify(typed(JANE, "wrong"), "192.0.2.1") is None
    assert waits == [0.0] * BY_ACCOUNT.free + [1.0, 2.0]
    store.close()


@needs_slapd
@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
async def test_a_slow_directory_delays_nobody_else(scheme: str, tmp_path: Path) -> None:
    """One that takes connections and never says a word."""
    store = Store(VaultSettings(folder=tmp_path), checkpoints=True)
    users.add(store, Address.parse(JANE), Secret(PASSWORD.encode()))
    workers = Workers(2)
    with silence(scheme) as (url, listening):
        slow = LdapDirectory(settings(url, timeout=60, at_once=1), OURS)
        check = Authenticator([LocalUsers(store, workers), slow], store, Secret.random())
        waiting = [
            asyncio.create_task(check.verify(typed(f"u{n}@council.gov.uk", "x"), "192.0.2.1"))
            for n in range(2)
        ]
        taken, _ = await asyncio.get_running_loop().sock_accept(listening)  # one is being asked for
        assert await check.verify(typed(JANE, PASSWORD), "192.0.2.1") is not None
        assert not any(one.done() for one in waiting)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        taken.close()
        await check.close()
    workers.close()
    store.close()


@needs_slapd
@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
async def test_nobody_waits_for_ever(scheme: str) -> None:
    with silence(scheme) as (url, _):
        slow = LdapDirectory(settings(url, timeout=0.2, at_once=1), OURS)
        with pytest.raises(BackendDownError):
            await slow.identify(typed(JANE, PASSWORD))
        await slow.close()


@contextlib.contextmanager
def silence(scheme: str) -> Iterator[tuple[str, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listening:
        listening.setblocking(False)
        yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}", listening


@needs_slapd
async def test_a_directory_that_is_gone_is_no_refusal() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"ldap://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(BackendDownError):
        await LdapDirectory(settings(url), OURS).identify(typed(JANE, PASSWORD))


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://directory.example"},
        {"url": "ldaps://u:p@directory.example"},
        {"base": ""},
        {"filter": "(uid=jane)"},
        {"bind_password": ""},
        {"bind_dn": ""},
        {"address_attributes": []},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings("ldaps://directory.example", **wrong) if "url" not in wrong else settings(
            str(wrong["url"])
        )


def test_an_open_line_is_secured_first_unless_it_stays_here() -> None:
    assert settings("ldap://directory.example").start_tls
    assert not settings("ldaps://directory.example").start_tls
    assert not settings("ldap://127.0.0.1:389").start_tls
    assert not settings("ldap://[::1]").start_tls


def test_addresses_as_active_directory_has_them() -> None:
    user = user_of(
        ["SMTP:Jane@council.gov.uk", "smtp:jj@council.gov.uk", "X400:c=gb", "sip:j@council.gov.uk"],
        OURS,
    )
    assert user is not None
    assert str(user.address) == "jane@council.gov.uk"
    assert set(map(str, user.addresses)) == {"jane@council.gov.uk", "jj@council.gov.uk"}
    assert user_of(["x", "jane@home.example"], OURS) is None
