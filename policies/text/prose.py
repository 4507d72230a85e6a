r"""A text of any length as its reader takes it, for words and markings.

Promises the same normal form as `policies.text.view`, line by line, in linear time; line ends are
kept as "\n". Must never be used to point back at the original: for that there is the view.
"""

from policies.text.view import TEXT_LIMIT, normalise


def prose(text: str) -> str:
    """Return the normal form of a text, which may be megabytes long."""
    if text.isascii() and "`" not in text and text.replace("\n", "").isprintable():
        return text
    return "\n".join(_line(line) for line in text.splitlines())


def _line(line: str) -> str:
    if line.isascii() and line.isprintable() and "`" not in line:
        return line
    pieces = (line[at : at + TEXT_LIMIT] for at in range(0, len(line), TEXT_LIMIT))
    return "".join(normalise(piece).normal for piece in pieces)
