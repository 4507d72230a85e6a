"""Words and phrases in a text in normal form, looked for all at once.

Promises one pass of a linear engine however many words there are. Words in capitals are matched in
capitals only; spaces and hyphens match each other and any short run of them. Must never be given a
text that was not normalised.
"""

import re
from collections.abc import Iterable
from typing import Any

import re2

_GAP = r"[\s_-]{1,8}"
_APART = r"[^\p{L}\p{M}\p{N}_]"


class Words:
    """Words of a policy; empty ones are in no text."""

    def __init__(self, phrases: Iterable[str]) -> None:
        spelt = [_spelt(phrase) for phrase in phrases]
        self._found: Any = None
        if spelt:
            whole = f"(?:^|{_APART})(?:{'|'.join(spelt)})(?:$|{_APART})"
            self._found = re2.compile(whole, _options())

    def __bool__(self) -> bool:
        return self._found is not None

    def in_any(self, texts: Iterable[str]) -> bool:
        """Say whether any of the words stands alone in any of the texts."""
        if self._found is None:
            return False
        return any(self._found.search(text) is not None for text in texts)


def _options() -> Any:
    options = re2.Options()
    options.max_mem = 64 << 20  # two hundred phrases of a hundred letters
    return options


def _spelt(phrase: str) -> str:
    pieces = [re2.escape(piece) for piece in re.split(r"[\s-]+", phrase.strip()) if piece]
    words = _GAP.join(pieces)
    return words if phrase.isupper() else f"(?i:{words})"
