"""Numbers between upright bars, or cut by them: `PID|1||9434765919`, `943|476|5919`.

Elsewhere a bar beside digits is one of them, for it looks like a 1. Promises the lines in which
bars stand tight beside figures once more, with the bars as gaps: spaces inside what may be one
number, else tabs. Linear. Must never say again what has no such bars.
"""

import re

_BAR = "|"
_TIGHT = re.compile(r"[0-9]\|+[0-9A-Za-z]|[A-Za-z]\|+[0-9]|\|[0-9]{4}")
_CUT = re.compile(r"(?<![0-9])[0-9]{1,10}(?:\|{1,3}[0-9]{1,10}){1,15}(?![0-9])")
_BARS = re.compile(r"\|+")
_FIGURES = range(6, 21)  # in a number that somebody may have cut


def unbarred(text: str) -> str:
    """Give the lines of `text` with such bars, without them; empty where there are none."""
    if _BAR not in text:
        return ""
    lines = (line for line in text.splitlines() if _BAR in line and _TIGHT.search(line))
    return "\n".join(_BARS.sub("\t", _CUT.sub(_joined, line)) for line in lines)


def _joined(match: re.Match[str]) -> str:
    written = match.group()
    may_be_one = len(written.replace(_BAR, "")) in _FIGURES
    return _BARS.sub(" ", written) if may_be_one else written
