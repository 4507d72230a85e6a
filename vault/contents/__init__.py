"""Where sealed contents lie: in a local folder, or in any store that speaks S3.

A content is created, written and then committed or aborted; what was committed is never changed. It
has a place, which the database keeps: the identifier of a file, or `s3:` and that of an object. The
database is the truth: what it does not name was never accepted, and is swept in time.

Promises that whatever fails underneath is told as StoreUnavailable.
Must never hold anything that is not ciphertext.
"""

from vault.contents.folder import ContentFile, ContentFolder
from vault.contents.interface import ABANDONED_AFTER, Contents, Source, Unfinished

__all__ = [
    "ABANDONED_AFTER",
    "ContentFile",
    "ContentFolder",
    "Contents",
    "Source",
    "Unfinished",
]
