"""Key services: whoever keeps the key-encryption keys of the key files. A module a service.

Promises that nothing is asked of one but to wrap and to unwrap, when keys are made and when a
process starts, and that what only some installations need is imported only there.
"""

from vault import extras
from vault.errors import KeyUnusable
from vault.keys.lock import KeyService
from vault.keys.settings import KeySettings, Protection


def service_for(method: Protection, settings: KeySettings) -> KeyService:
    """Return the service of a lock; raises KeyUnusable where its part is not installed."""
    try:
        match method:
            case Protection.PASSPHRASE:
                from vault.keys.services.passphrase import Passphrase  # noqa: PLC0415

                return Passphrase(settings)
            case Protection.TRANSIT:
                from vault.keys.services.transit import Transit  # noqa: PLC0415

                return Transit(settings)
            case Protection.AWS_KMS:
                from vault.keys.services.aws_kms import AwsKms  # noqa: PLC0415

                return AwsKms(settings)
            case Protection.PKCS11:
                from vault.keys.services.token import Token  # noqa: PLC0415

                return Token(settings)
            case Protection.NONE:
                raise KeyUnusable("a key file names a lock that cannot be")
    except ImportError:
        extra = "aws" if method is Protection.AWS_KMS else "pkcs11"
        raise KeyUnusable(
            f"keys.protection {method.value} needs an optional part: " + extras.command(extra)
        ) from None
