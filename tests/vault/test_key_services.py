"""Key services that need an optional part, each asked over its real interface.

AWS KMS: moto's server, which checks the signature of every request. PKCS #11: SoftHSM 2.
"""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.vault.test_protection import locked, works
from vault.errors import KeyServiceSilent, KeyUnusable
from vault.keys import init
from vault.keys.lock import Locks
from vault.keys.opening import load_opening
from vault.keys.services import service_for
from vault.keys.settings import KeySettings
from vault.secrets import Secret

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
MODULE = next((module for module in MODULES if Path(module).exists()), "")
PIN = "4821"

# AWS KMS


@pytest.fixture(scope="module")
def kms() -> Iterator[dict[str, str]]:
    """A server of the API with one key, an account that may use it, and one that may not.

    Gives the settings; the account's credentials are in the environment.
    """
    session = pytest.importorskip("botocore.session")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "admin")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "admin")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.delenv("AWS_PROFILE", raising=False)
        server.start()
        try:
            host, port = server.get_host_and_port()
            url = f"http://{host}:{port}"

            def client(service: str) -> Any:
                made = session.get_session()
                return made.create_client(service, region_name="eu-west-2", endpoint_url=url)

            key = client("kms").create_key()["KeyMetadata"]["KeyId"]
            iam = client("iam")
            iam.create_user(UserName="sealgate")
            statement = {"Effect": "Allow", "Action": ["kms:*"], "Resource": "*"}
            document = {"Version": "2012-10-17", "Statement": [statement]}
            iam.put_user_policy(
                UserName="sealgate", PolicyName="p", PolicyDocument=json.dumps(document)
            )
            given = iam.create_access_key(UserName="sealgate")["AccessKey"]
            patch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
            patch.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
            how = {"Content-Type": "text/plain"}
            asked = urllib.request.Request(f"{url}/moto-api/reset-auth", b"0", how)
            urllib.request.urlopen(asked).close()  # from now on signatures are checked
            yield {"aws_key": key, "aws_region": "eu-west-2", "aws_endpoint": url}
        finally:
            server.stop()


def by_kms(kms: dict[str, str], **more: str) -> KeySettings:
    return KeySettings.model_validate({"protection": "aws-kms", **kms, **more})


def test_keys_are_protected_by_kms(kms: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    init(folder, by_kms(kms))
    assert set(locked(folder).values()) == {True}
    works(folder, by_kms(kms))


def test_kms_refuses_a_wrong_signature_and_another_family(
    kms: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_for(by_kms(kms).protection, by_kms(kms))
    wrapped = service.wrap(Secret(b"k" * 32), "web")
    assert service.unwrap(wrapped, "web") == Secret(b"k" * 32)
    with pytest.raises(KeyUnusable, match="refuses to decrypt"):
        service.unwrap(wrapped, "vault")  # the encryption context is another
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a" * 40)
    with pytest.raises(KeyUnusable, match=r"\(403\)"):
        service_for(by_kms(kms).protection, by_kms(kms)).unwrap(wrapped, "web")


def test_kms_that_is_not_there_is_silent(kms: dict[str, str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = by_kms(kms, aws_endpoint=f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(KeyServiceSilent, match="does not answer"):
            service_for(gone.protection, gone).wrap(Secret(b"k" * 32), "web")


# PKCS #11


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A token with one AES key, in a folder of its own; gives the settings."""
    pkcs11 = pytest.importorskip("pkcs11")
    if not MODULE or not shutil.which("softhsm2-util"):
        pytest.skip("needs softhsm2 (Debian)")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(settings))
        made = ["softhsm2-util", "--init-token", "--free", "--label", "sealgate", "--so-pin", "0"]
        made[-1] = "00000000"
        subprocess.run([*made, "--pin", PIN], check=True, capture_output=True, env=os.environ)
        with (
            pkcs11.lib(MODULE)
            .get_token(token_label="sealgate")
            .open(rw=True, user_pin=PIN) as session
        ):
            session.generate_key(pkcs11.KeyType.AES, 256, label="wrapping", store=True)
        yield {"pkcs11_module": MODULE, "pkcs11_token": "sealgate", "pkcs11_key": "wrapping"}


def by_token(token: dict[str, str], **more: str) -> KeySettings:
    return KeySettings.model_validate({"protection": "pkcs11", "pkcs11_pin": PIN, **token, **more})


def test_keys_are_protected_by_a_token(token: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    init(folder, by_token(token))
    assert set(locked(folder).values()) == {True}
    works(folder, by_token(token))


def test_what_a_token_refuses_is_told(token: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    init(folder, by_token(token))
    for wrong, told, kind in (
        ({"pkcs11_pin": "1111"}, "refuses the PIN", KeyUnusable),
        ({"pkcs11_key": "other"}, "has no AES key called other", KeyUnusable),
        ({"pkcs11_module": "/nowhere.so"}, "cannot be used", KeyUnusable),
        ({"pkcs11_token": "other"}, "does not answer", KeyServiceSilent),
    ):
        with pytest.raises(kind, match=told) as refusal:
            load_opening(folder, by_token(token, **wrong))
        assert PIN not in str(refusal.value)


def test_a_token_does_not_unwrap_for_another_family(token: dict[str, str]) -> None:
    service = service_for(by_token(token).protection, by_token(token))
    wrapped = service.wrap(Secret(b"k" * 32), "web")
    assert service.unwrap(wrapped, "web") == Secret(b"k" * 32)
    with pytest.raises((KeyUnusable, KeyServiceSilent)):
        service.unwrap(wrapped, "vault")


# What is not installed


@pytest.mark.parametrize(
    ("module", "settings", "extra"),
    [
        ("vault.keys.services.aws_kms", {"protection": "aws-kms", "aws_key": "k"}, "aws"),
        (
            "vault.keys.services.token",
            {
                *(("protection", "pkcs11"), ("pkcs11_module", "/m.so")),
                *(("pkcs11_token", "t"), ("pkcs11_key", "k")),
            },
            "pkcs11",
        ),
    ],
)
def test_a_part_that_is_not_installed_is_named(
    module: str, settings: Any, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    chosen = KeySettings.model_validate(dict(settings))
    with pytest.raises(KeyUnusable, match="needs an optional part") as refused:
        Locks(tmp_path, chosen, service_for).make("vault")
    (*_, what) = shlex.split(str(refused.value))
    folder, _, named = what.partition("[")
    assert named == f"{extra}]", "the command can be copied: it installs this part"
    offered = tomllib.loads(Path(folder, "pyproject.toml").read_text())["project"]
    assert extra in offered["optional-dependencies"]
