"""HashiCorp Vault's transit engine, and what speaks the same API (OpenBao), as a key service.

    POST /v1/MOUNT/encrypt/KEY   {"plaintext": base64}      {"data": {"ciphertext": "vault:v1:…"}}
    POST /v1/MOUNT/decrypt/KEY   {"ciphertext": "vault:…"}   {"data": {"plaintext": base64}}

https://developer.hashicorp.com/vault/api-docs/secret/transit. Asked with the token of a role that
may do just these two. Promises that an answer is bounded in size and in time.
Must never follow a redirect: a token goes to the server that the settings name.
"""

import base64
import binascii
import http.client
import json
import ssl
from typing import Any
from urllib.parse import quote, urlsplit

from vault.errors import KeyServiceSilent, KeyUnusable
from vault.keys.settings import KeySettings
from vault.secrets import Secret

_MOST_BYTES = 65_536
_OK = 200
_PASSING = frozenset({412, 429, 472, 473, 500, 502, 503, 504})  # standby, sealed, overloaded


class Transit:
    """Wraps and unwraps by a key of a transit engine."""

    def __init__(self, settings: KeySettings) -> None:
        self._settings = settings
        self._place = urlsplit(settings.transit_url)
        if self._place.scheme not in {"http", "https"} or not self._place.hostname:
            raise KeyUnusable("keys.transit_url must be https://HOST:PORT")

    def wrap(self, key: Secret, family: str) -> bytes:
        """Encrypt a key; raises KeyUnusable, KeyServiceSilent."""
        encoded = base64.b64encode(key.reveal()).decode()
        return str(self._ask("encrypt", {"plaintext": encoded}, "ciphertext")).encode()

    def unwrap(self, wrapped: bytes, family: str) -> Secret:
        """Decrypt what `wrap` made; raises KeyUnusable, KeyServiceSilent."""
        found = self._ask(
            "decrypt", {"ciphertext": wrapped.decode("ascii", "replace")}, "plaintext"
        )
        try:
            return Secret(base64.b64decode(found, validate=True))
        except (binascii.Error, TypeError):
            raise KeyUnusable(f"the key service {self._where} answers what it should not") from None

    @property
    def _where(self) -> str:
        return f"at {self._place.netloc.rpartition('@')[2]}"

    def _ask(self, act: str, body: dict[str, str], wanted: str) -> Any:
        chosen = self._settings
        path = f"/v1/{quote(chosen.transit_mount)}/{act}/{quote(chosen.transit_key, safe='')}"
        code, answer = self._post(self._place.path.rstrip("/") + path, json.dumps(body).encode())
        if code in _PASSING:
            raise KeyServiceSilent(f"the key service {self._where} cannot work now (HTTP {code})")
        if code != _OK:
            raise KeyUnusable(
                f"the key service {self._where} refuses to {act} with the key "
                f"{chosen.transit_key} (HTTP {code}): are token and key right?"
            )
        try:
            return json.loads(answer)["data"][wanted]
        except (ValueError, LookupError, TypeError):
            raise KeyUnusable(f"the key service {self._where} answers what it should not") from None

    def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        token = self._settings.secret("transit_token").reveal().decode("latin-1")
        headers = {
            "X-Vault-Token": token,
            "X-Vault-Request": "true",
            "Content-Type": "application/json",
        }
        connection = self._connection()
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(_MOST_BYTES)
        except ssl.SSLCertVerificationError as error:
            raise KeyUnusable(
                f"the certificate of the key service {self._where} is not believed: "
                f"{error.verify_message}"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise KeyServiceSilent(
                f"the key service {self._where} does not answer ({type(error).__name__})"
            ) from None
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port, timeout = self._place.hostname or "", self._place.port, self._settings.timeout
        if self._place.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout)
        authorities = self._settings.transit_ca
        try:
            context = ssl.create_default_context(cafile=str(authorities) if authorities else None)
        except OSError:
            raise KeyUnusable(f"keys.transit_ca, {authorities}, cannot be read") from None
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
