"""AWS KMS, and what speaks the same API, as a key service. Needs the extra `aws`.

Credentials are found as by every AWS tool: environment, files, the machine's role. What a key is
for goes along as the encryption context `sealgate`, which a key policy can ask for: so the account
of the SMTP machines can be kept from unwrapping what opens packages.
https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html, API_Decrypt.html
"""

from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as NoConnectionError,
)

from vault.errors import KeyServiceSilent, KeyUnusable
from vault.keys.settings import KeySettings
from vault.secrets import Secret

_TRIES = 2
_FAULT = 500
_PASSING = frozenset(
    {"ThrottlingException", "DependencyTimeoutException", "KMSInternalException"}
    | {"KeyUnavailableException", "RequestLimitExceeded"}
)


class AwsKms:
    """Wraps and unwraps by a symmetric key of KMS."""

    def __init__(self, settings: KeySettings) -> None:
        self._settings = settings
        self._client: Any = None

    def wrap(self, key: Secret, family: str) -> bytes:
        """Encrypt a key; raises KeyUnusable, KeyServiceSilent."""
        return bytes(self._ask("encrypt", family, Plaintext=key.reveal())["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, family: str) -> Secret:
        """Decrypt what `wrap` made; raises KeyUnusable, KeyServiceSilent."""
        return Secret(bytes(self._ask("decrypt", family, CiphertextBlob=wrapped)["Plaintext"]))

    def _ask(self, act: str, family: str, **more: Any) -> Any:
        context = {"sealgate": family}
        try:
            self._client = self._client or self._made()
            call = getattr(self._client, act)
            return call(KeyId=self._settings.aws_key, EncryptionContext=context, **more)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if code in _PASSING or status >= _FAULT:
                raise KeyServiceSilent(f"AWS KMS cannot work now ({code})") from None
            raise KeyUnusable(
                f"AWS KMS refuses to {act} with the key {self._settings.aws_key} ({code}): "
                "may this account use it?"
            ) from None
        except (NoConnectionError, HTTPClientError) as error:
            raise KeyServiceSilent(f"AWS KMS does not answer ({type(error).__name__})") from None
        except (BotoCoreError, ValueError) as error:
            raise KeyUnusable(f"AWS KMS cannot be asked: {type(error).__name__}") from None

    def _made(self) -> Any:
        chosen = self._settings
        config = Config(
            connect_timeout=chosen.timeout,
            read_timeout=chosen.timeout,
            retries={"max_attempts": _TRIES, "mode": "standard"},
        )
        return botocore.session.get_session().create_client(
            "kms",
            region_name=chosen.aws_region or None,
            endpoint_url=chosen.aws_endpoint or None,
            config=config,
        )
