"""Whether a scanner finds anything at all: it is shown the file that all of them know.

The EICAR test file is harmless and found by every scanner whose signatures are in order; one that
takes it for clean would take everything for clean. Must never be sent to anybody else.
"""

from gateway.scanners.scanner import Deadline, Scanner

# In two pieces, so that no scanner takes this file for what it describes.
_EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR" + "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_MAIL = (
    "From: test@sealgate.invalid\r\nSubject: test\r\nMIME-Version: 1.0\r\n"
    'Content-Type: application/octet-stream; name="eicar.com"\r\n\r\n'
)


def test_mail() -> bytes:
    """Return a mail that holds the test file."""
    return f"{_MAIL}{_EICAR}\r\n".encode("ascii")


def finds(scanner: Scanner, seconds: float) -> bool:
    """Say whether a scanner finds the test file. Blocks; raises NotScannedError."""
    mail = test_mail()
    return scanner.scan([mail], len(mail), Deadline(seconds)) is not None
