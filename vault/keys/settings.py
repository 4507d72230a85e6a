"""How the key files are protected where they lie, as the administrator writes it."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from vault.errors import KeyUnusable
from vault.keys import file as keyfile
from vault.secrets import Secret


class Protection(StrEnum):
    """What opens the private key files at the start of a process."""

    NONE = "none"
    PASSPHRASE = "passphrase"  # noqa: S105 - a word for a way, not a passphrase
    AWS_KMS = "aws-kms"
    TRANSIT = "transit"
    PKCS11 = "pkcs11"


class KeySettings(BaseModel):
    """The `[keys]` table of `sealgate.toml`. What is secret is better not written there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = Field(
        None, description="Folder of the key files. Unset: `keys`, in the folder of the vault."
    )
    protection: Protection = Field(
        Protection.NONE,
        description="What encrypts the private key files: none, passphrase, aws-kms, transit "
        "(HashiCorp Vault, OpenBao) or pkcs11. After a change: sealgate keys protect",
    )
    timeout: float = Field(
        10, gt=0, le=120, description="Longest time for an answer of a key service, in seconds."
    )
    passphrase_file: Path | None = Field(
        None,
        description="passphrase: a file that holds it. Unset: the systemd credential "
        "`sealgate-passphrase`, or SEALGATE_KEYS__PASSPHRASE in the environment.",
    )
    passphrase: SecretStr = Field(SecretStr(""), description="passphrase: in the environment only.")
    aws_key: str = Field("", description="aws-kms: id, ARN or alias of a symmetric key.")
    aws_region: str = Field("", description="aws-kms: the region. Empty: as for other AWS tools.")
    aws_endpoint: str = Field("", description="aws-kms: URL of a service that speaks the same API.")
    transit_url: str = Field("", description="transit: https://HOST:PORT of the service.")
    transit_key: str = Field("", description="transit: the name of the key.")
    transit_mount: str = Field("transit", description="transit: where the engine is mounted.")
    transit_ca: Path | None = Field(
        None, description="transit: certificates to believe. Unset: those of the system."
    )
    transit_token_file: Path | None = Field(
        None,
        description="transit: a file that holds the token. Unset: the systemd credential "
        "`sealgate-transit-token`, or SEALGATE_KEYS__TRANSIT_TOKEN in the environment.",
    )
    transit_token: SecretStr = Field(SecretStr(""), description="transit: in the environment only.")
    pkcs11_module: Path | None = Field(None, description="pkcs11: the library of the module.")
    pkcs11_token: str = Field("", description="pkcs11: the label of the token.")
    pkcs11_key: str = Field("", description="pkcs11: the label of an AES key on it.")
    pkcs11_pin_file: Path | None = Field(
        None,
        description="pkcs11: a file that holds the PIN. Unset: the systemd credential "
        "`sealgate-pkcs11-pin`, or SEALGATE_KEYS__PKCS11_PIN in the environment.",
    )
    pkcs11_pin: SecretStr = Field(SecretStr(""), description="pkcs11: in the environment only.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        needed = {
            Protection.AWS_KMS: ("aws_key",),
            Protection.TRANSIT: ("transit_url", "transit_key"),
            Protection.PKCS11: ("pkcs11_module", "pkcs11_token", "pkcs11_key"),
        }
        missing = [name for name in needed.get(self.protection, ()) if not getattr(self, name)]
        if missing:
            raise ValueError(f"protection {self.protection.value} needs {', '.join(missing)}")
        return self

    def secret(self, name: str) -> Secret:
        """Return the passphrase, transit_token or pkcs11_pin; raises KeyUnusable.

        From the environment (or the settings), from its file, or from the systemd credential.
        """
        given, path = {
            "passphrase": (self.passphrase, self.passphrase_file),
            "transit_token": (self.transit_token, self.transit_token_file),
            "pkcs11_pin": (self.pkcs11_pin, self.pkcs11_pin_file),
        }[name]
        if given.get_secret_value():
            return Secret(given.get_secret_value().encode())
        path = path or credential(f"sealgate-{name.replace('_', '-')}")
        if path is None:
            variable = f"SEALGATE_KEYS__{name.upper()}"
            raise KeyUnusable(
                f"the key files need a {name.replace('_', ' ')}: set keys.{name}_file, "
                f"a systemd credential, or {variable} in the environment"
            )
        found = keyfile.private_text(path).strip("\r\n")
        if not found:
            raise KeyUnusable(f"{path} is empty")
        return Secret(found.encode())


AS_THEY_ARE = KeySettings()


def credential(name: str) -> Path | None:
    """Return the file of a systemd credential, or None (systemd.exec(5), LoadCredential=)."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / name if folder else None
    return path if path is not None and path.exists() else None
