"""A hardware token or HSM by PKCS #11 as a key service. Needs the extra `pkcs11`.

The AES key never leaves the token: it encrypts (CKM_AES_GCM) the key-encryption keys, which are
32 bytes each.

    nonce (12) | ciphertext (32) | tag (16)
"""

import secrets
from collections.abc import Callable
from typing import Any

import pkcs11
from pkcs11 import GCMParams, Mechanism, ObjectClass
from pkcs11.exceptions import (
    DeviceError,
    DeviceRemoved,
    FunctionFailed,
    NoSuchKey,
    NoSuchToken,
    PinIncorrect,
    PinLocked,
    PKCS11Error,
    TokenNotPresent,
)

from vault.errors import KeyServiceSilent, KeyUnusable
from vault.keys.settings import KeySettings
from vault.secrets import Secret

_NONCE_SIZE = 12
_GONE = (DeviceError, DeviceRemoved, FunctionFailed, NoSuchToken, TokenNotPresent)


class Token:
    """Wraps and unwraps by an AES key on a token."""

    def __init__(self, settings: KeySettings) -> None:
        self._settings = settings

    def wrap(self, key: Secret, family: str) -> bytes:
        """Encrypt a key; raises KeyUnusable, KeyServiceSilent."""
        nonce, plain = secrets.token_bytes(_NONCE_SIZE), key.reveal()
        return nonce + self._with_key(lambda on: on.encrypt(plain, **_how(nonce, family)))

    def unwrap(self, wrapped: bytes, family: str) -> Secret:
        """Decrypt what `wrap` made; raises KeyUnusable, KeyServiceSilent."""
        nonce, body = wrapped[:_NONCE_SIZE], wrapped[_NONCE_SIZE:]
        return Secret(self._with_key(lambda on: on.decrypt(body, **_how(nonce, family))))

    def _with_key(self, act: Callable[[Any], bytes]) -> bytes:
        chosen = self._settings
        pin = chosen.secret("pkcs11_pin").reveal().decode()
        try:
            token = pkcs11.lib(str(chosen.pkcs11_module)).get_token(token_label=chosen.pkcs11_token)
            with token.open(user_pin=pin) as session:
                label = chosen.pkcs11_key
                key = session.get_key(object_class=ObjectClass.SECRET_KEY, label=label)
                return bytes(act(key))
        except (PinIncorrect, PinLocked) as error:
            raise KeyUnusable(
                f"the token {chosen.pkcs11_token} refuses the PIN ({type(error).__name__})"
            ) from None
        except NoSuchKey:
            raise KeyUnusable(
                f"the token {chosen.pkcs11_token} has no AES key called {chosen.pkcs11_key}"
            ) from None
        except _GONE as error:
            raise KeyServiceSilent(
                f"the token {chosen.pkcs11_token} does not answer ({type(error).__name__})"
            ) from None
        except (PKCS11Error, RuntimeError, OSError) as error:
            raise KeyUnusable(
                f"the module {chosen.pkcs11_module} cannot be used ({type(error).__name__})"
            ) from None


def _how(nonce: bytes, family: str) -> dict[str, Any]:
    bound = f"sealgate/{family}".encode()
    return {"mechanism": Mechanism.AES_GCM, "mechanism_param": GCMParams(nonce, bound, 128)}
