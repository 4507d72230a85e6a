"""Signing in with a token: a real issuer over HTTP, and tokens that are not quite right."""

import asyncio
import base64
import hmac
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from pydantic import ValidationError

from gateway.errors import BackendDownError, RefusedError
from gateway.signin.oauth import TokenIssuer
from gateway.signin.settings import OauthSettings
from gateway.smtp import sasl
from gateway.smtp.authentication import Authenticator
from gateway.smtp.premises import Kind
from gateway.smtp.sasl import Bearer, Credentials
from sealgate import published_keys
from sealgate.published_keys import AGAIN_AFTER, FRESH_FOR, GOOD_FOR, PublishedKeys
from tests.dialogue import Talk
from tests.gateway.office import captured, mail, office
from tests.issuer import AUDIENCE, Issuer, issuer
from vault.secrets import Secret
from vault.settings import VaultSettings
from vault.storage.store import Store

OURS = ("council.gov.uk",)
JANE, BOSS = "jane@council.gov.uk", "boss@council.gov.uk"
OTHER_KEY = RSAKey.generate_key(2048, auto_kid=True)


@pytest.fixture
async def known() -> AsyncIterator[Issuer]:
    async with issuer() as found:
        yield found


def settings(known: Issuer, **changed: object) -> OauthSettings:
    return OauthSettings.model_validate(
        {"issuer": known.url, "audience": AUDIENCE, "timeout": 2, **changed}
    )


def backend(said: OauthSettings) -> TokenIssuer:
    return TokenIssuer(said, OURS, PublishedKeys(said))


async def who(known: Issuer, token: str, acting_as: str = "", **changed: object) -> str:
    found = await backend(settings(known, **changed)).identify(
        Bearer(acting_as, Secret(token.encode()))
    )
    return str(found.address) if found else ""


# --- reading


def bearer(message: bytes, how: str = "OAUTHBEARER") -> tuple[str, bytes] | str:
    read = sasl.oauthbearer if how == "OAUTHBEARER" else sasl.xoauth2
    try:
        found = read(message)
    except RefusedError as refused:
        return refused.reply.status
    return found.acting_as, found.token.reveal()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"n,,\1auth=Bearer abc.d-e_f==\1\1", ("", b"abc.d-e_f==")),
        (b"y,a=jane@x.org,\1host=h\1port=587\1auth=bearer t\1\1", ("jane@x.org", b"t")),
        (b"n,a=j=2Cx=3Dy@x.org,\1auth=Bearer t\1\1", ("j,x=y@x.org", b"t")),
        (b"p=tls-unique,,\1auth=Bearer t\1\1", "501 5.5.2"),
        (b"n,a=j=41@x.org,\1auth=Bearer t\1\1", "501 5.5.2"),
        (b"n,b=x,\1auth=Bearer t\1\1", "501 5.5.2"),
        (b"n,,\1auth=Basic t\1\1", "501 5.5.2"),
        (b"n,,\1auth=Bearer t\1", "501 5.5.2"),
        (b"n,,\1auth=Bearer t", "501 5.5.2"),
        (b"n,,\1auth=Bearer t\1\1x", "501 5.5.2"),
        (b"n,,\1auth=Bearer t\1auth=Bearer u\1\1", "501 5.5.2"),
        (b"n,,\1auth=Bearer \1\1", "501 5.5.2"),
        (b"n,,\1auth=Bearer a b\1\1", "501 5.5.2"),
        (b"n,,\1\1", "501 5.5.2"),
        (b"n,,", "501 5.5.2"),
        (b"", "501 5.5.2"),
        (b"\1", "501 5.5.2"),
        (b"n,a=\xff,\1auth=Bearer t\1\1", "501 5.5.2"),
        (b"n,a=" + b"x" * 321 + b",\1auth=Bearer t\1\1", "535 5.7.8"),
        (b"n,,\1auth=Bearer " + b"t" * 8193 + b"\1\1", "535 5.7.8"),
    ],
)
def test_reading_oauthbearer(message: bytes, expected: object) -> None:
    assert bearer(message) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"user=jane@x.org\1auth=Bearer t\1\1", ("jane@x.org", b"t")),
        (b"user=\1auth=Bearer t\1\1", "501 5.5.2"),
        (b"auth=Bearer t\1\1", "501 5.5.2"),
        (b"user=jane@x.org\1auth=Bearer t", "501 5.5.2"),
        (b"user=jane@x.org", "501 5.5.2"),
        (b"User=jane@x.org\1auth=Bearer t\1\1", "501 5.5.2"),
    ],
)
def test_reading_xoauth2(message: bytes, expected: object) -> None:
    assert bearer(message, "XOAUTH2") == expected


# --- judging


async def test_a_good_token_lets_its_person_in(known: Issuer) -> None:
    assert await who(known, known.token()) == JANE
    assert await who(known, known.token(), JANE) == JANE
    assert await who(known, known.token(aud=["other", AUDIENCE])) == JANE
    assert await who(known, known.token(upn="Boss@Council.gov.uk"), address_claim="upn") == BOSS
    assert await who(known, known.token(), scope="smtp.send") == JANE


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (ECKey.generate_key("P-256", auto_kid=True), "ES256"),
        (OKPKey.generate_key("Ed25519", auto_kid=True), "Ed25519"),
    ],
    ids=["ES256", "Ed25519"],
)
async def test_newer_algorithms(known: Issuer, key: ECKey | OKPKey, alg: str) -> None:
    known.published = KeySet([key])
    claims = {"iss": known.url, "aud": AUDIENCE, "exp": time.time() + 60, "email": JANE}
    header = {"alg": alg, "kid": key.kid}
    assert await who(known, jwt.encode(header, claims, key, algorithms=[alg])) == JANE


async def test_more_addresses_are_theirs_if_the_token_says_so(known: Issuer) -> None:
    found = backend(settings(known, alias_claim="aliases"))
    token = known.token(aliases=["team@council.gov.uk", "jane@home.example", "nonsense"])
    user = await found.identify(Bearer("team@council.gov.uk", Secret(token.encode())))
    assert user is not None
    assert {str(one) for one in user.addresses} == {JANE, "team@council.gov.uk"}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another service"},
        {"aud": None},
        {"aud": []},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"exp": "never"},
        {"nbf": 4_000_000_000},
        {"email": None},
        {"email": "jane@home.example"},
        {"email": "jane@council.gov.uk.evil.org"},
        {"email": {"address": JANE}},
        {"email_verified": False},
    ],
    ids=str,
)
async def test_a_token_with_a_wrong_claim_is_nobodys(
    known: Issuer, claims: dict[str, object]
) -> None:
    assert await who(known, known.token(**claims)) == ""


async def test_who_names_another_mailbox_is_refused(known: Issuer) -> None:
    for acting_as in (BOSS, "jane", "jane@council.gov.uk.evil.org", "jane@home.example"):
        assert await who(known, known.token(), acting_as) == ""


async def test_a_missing_scope_is_refused(known: Issuer) -> None:
    assert await who(known, known.token(scope="openid"), scope="smtp.send") == ""
    assert await who(known, known.token(scope=None, scp="smtp.send"), scope="smtp.send") == JANE


def unsigned(known: Issuer) -> str:
    claims = known.token().split(".")[1]
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    return f"{head}.{claims}."


def signed_with_the_public_key(known: Issuer) -> str:
    """The old confusion: the public key taken for a shared secret."""
    _, claims, _ = known.token().split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": known.key.kid}).encode())
    signed = f"{head.decode().rstrip('=')}.{claims}"
    mark = hmac.digest(known.key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"


def bringing_its_own_key(known: Issuer) -> str:
    return known.token(
        key=OTHER_KEY, header={"kid": known.key.kid, "jwk": OTHER_KEY.as_dict(private=False)}
    )


FORGERIES = {
    "unsigned": unsigned,
    "signed with the public key": signed_with_the_public_key,
    "bringing its own key": bringing_its_own_key,
    "another key under a known name": lambda known: known.token(
        key=OTHER_KEY, header={"kid": known.key.kid}
    ),
    "another key": lambda known: known.token(key=OTHER_KEY),
    "changed": lambda known: known.token()[:-8] + "AAAAAAAA",
    "cut": lambda known: known.token().rpartition(".")[0],
    "words": lambda known: "not a token",
    "nothing": lambda known: "",
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token_is_nobodys(known: Issuer, name: str) -> None:
    assert await who(known, FORGERIES[name](known)) == ""


async def test_passwords_are_not_tokens(known: Issuer) -> None:
    found = backend(settings(known))
    assert await found.identify(Credentials(JANE, Secret(known.token().encode()))) is None


# --- keys


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_keys_are_fetched_once_and_again_for_a_new_one(known: Issuer) -> None:
    clock = Clock()
    backend = TokenIssuer(settings(known), OURS, PublishedKeys(settings(known), clock))

    async def works(key: RSAKey) -> bool:
        token = Secret(known.token(key=key).encode())
        return await backend.identify(Bearer("", token)) is not None

    assert await works(known.key)
    assert await works(known.key)
    assert known.asked == ["/.well-known/openid-configuration", "/keys"]
    known.published = KeySet([known.key, OTHER_KEY])
    assert not await works(OTHER_KEY)  # not asked again at once, whatever tokens come in
    assert len(known.asked) == 2
    clock.now += AGAIN_AFTER
    assert await works(OTHER_KEY)
    assert len(known.asked) == 4


async def test_known_keys_stay_good_while_the_issuer_is_away(known: Issuer) -> None:
    clock = Clock()
    backend = TokenIssuer(settings(known), OURS, PublishedKeys(settings(known), clock))
    token = Bearer("", Secret(known.token().encode()))
    assert await backend.identify(token)
    known.broken = True
    clock.now += FRESH_FOR + 1
    assert await backend.identify(token)
    assert len(known.asked) == 3
    clock.now += GOOD_FOR
    with pytest.raises(BackendDownError):
        await backend.identify(token)


async def test_an_issuer_that_is_away_is_no_refusal(known: Issuer) -> None:
    known.broken = True
    with captured() as entries, pytest.raises(BackendDownError):
        await who(known, known.token())
    assert [one["event"] for one in entries] == ["auth.backend_down"]


async def test_no_redirect_and_no_flood_of_keys(
    known: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BackendDownError):
        await who(known, known.token(), keys_url=f"{known.url}/elsewhere")
    assert "/keys" not in known.asked
    monkeypatch.setattr(published_keys, "MOST_BYTES", 100)
    with pytest.raises(BackendDownError):
        await who(known, known.token(), keys_url=f"{known.url}/keys")


@pytest.mark.parametrize(
    "wrong",
    [
        {"audience": ""},
        {"issuer": "http://login.example.gov.uk"},
        {"keys_url": "http://login.example.gov.uk/keys"},
        {"issuer": "login.example.gov.uk"},
    ],
)
def test_settings_that_trust_too_much_are_refused(wrong: dict[str, str]) -> None:
    good = {"issuer": "https://login.example.gov.uk", "audience": AUDIENCE}
    OauthSettings.model_validate(good)
    with pytest.raises(ValidationError):
        OauthSettings.model_validate({**good, **wrong})


# --- at the door


def xoauth2(user: str, token: str) -> str:
    return base64.b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode()


@pytest.fixture
def counts(tmp_path: Path) -> Iterator[Store]:
    """Where guesses are counted."""
    with closing(Store(VaultSettings(folder=tmp_path / "counts"))) as store:
        yield store


async def test_a_mail_is_sent_with_a_token_as_its_own_sender_only(
    known: Issuer, tmp_path: Path, counts: Store
) -> None:
    check = Authenticator([backend(settings(known))], counts, Secret.random())
    async with office(
        tmp_path, authenticator=check, mechanisms=("PLAIN", "OAUTHBEARER", "XOAUTH2")
    ) as here:
        talk = await Talk.open(here.listener.bound[Kind.TLS][1], here.tls)
        async with talk:
            await talk.reply()
            assert "AUTH PLAIN OAUTHBEARER XOAUTH2" in await talk.say("EHLO x", "250")
            with captured() as entries:
                await talk.say(f"AUTH XOAUTH2 {xoauth2(BOSS, known.token())}", "334")
                refused = base64.b64decode(talk.last.removeprefix("334 "))
                assert json.loads(refused) == {"status": "invalid_token"}
                await talk.say("", "535 5.7.8")
                await talk.say("AUTH OAUTHBEARER", "334")
                blob = f"n,a={JANE},\1auth=Bearer {known.token()}\1\1"
                await talk.say(base64.b64encode(blob.encode()).decode(), "235")
            assert known.token().split(".")[1] not in repr(entries)
            await talk.say(f"MAIL FROM:<{BOSS}>", "553 5.7.1")
            reply = await talk.mail(JANE, "cat@council.gov.uk", data=mail(to="cat@council.gov.uk"))
            assert reply.startswith("250 2.0.0 Relayed")


async def test_while_the_issuer_is_away_nobody_loses_a_try(
    known: Issuer, tmp_path: Path, counts: Store
) -> None:
    known.broken = True
    check = Authenticator([backend(settings(known))], counts, Secret.random())
    async with (
        office(tmp_path, authenticator=check, mechanisms=("XOAUTH2",)) as here,
        await Talk.open(here.listener.bound[Kind.TLS][1], here.tls) as talk,
    ):
        await talk.reply()
        await talk.say("EHLO x", "250")
        for _ in range(4):
            await talk.say(f"AUTH XOAUTH2 {xoauth2(JANE, known.token())}", "454 4.7.0")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_curl_signs_in_with_a_token(known: Issuer, tmp_path: Path, counts: Store) -> None:
    """A client that others wrote; it chooses OAUTHBEARER or XOAUTH2 by itself."""
    check = Authenticator([backend(settings(known))], counts, Secret.random())
    offers = ("PLAIN", "OAUTHBEARER", "XOAUTH2")
    for offered in (offers, ("PLAIN", "XOAUTH2")):
        folder = tmp_path / str(len(offered))
        folder.mkdir()
        async with office(folder, authenticator=check, mechanisms=offered) as here:
            port = here.listener.bound[Kind.TLS][1]
            (folder / "mail").write_bytes(mail(to="cat@council.gov.uk"))
            for token, expected in [(known.token(), 0), (known.token(aud="x"), 67)]:
                curl = await asyncio.create_subprocess_exec(
                    "curl", "-sS", "--url", f"smtps://127.0.0.1:{port}", "--user", JANE,
                    "--oauth2-bearer", token, "--cacert", folder / "certificate.pem",
                    "--mail-from", JANE, "--mail-rcpt", "cat@council.gov.uk",
                    "--upload-file", folder / "mail",
                )  # fmt: skip
                assert await curl.wait() == expected  # 67: the login was refused
            assert len(here.sink.mails) == 1
