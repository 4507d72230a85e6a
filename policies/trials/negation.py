"""The question of a condition, answered with no: the recipient is not outside the organisation.

For explanations. Promises a sentence that means the opposite of the question and reads as English.
Must never change what the question is about.
"""

import re

_OPPOSITES = (
    ("cannot be ", "can be "),
    ("can be ", "cannot be "),
    ("has not ", "has "),
    ("has no ", "has "),
    ("have no ", "have "),
    ("is not ", "is "),
    ("are not ", "are "),
    ("was not ", "was "),
    ("were not ", "were "),
    ("does not seem ", "seems "),
    ("does not look ", "looks "),
    ("could not be ", "could be "),
    ("could be ", "could not be "),
    ("has ", "does not have "),
    ("have ", "do not have "),
    ("is ", "is not "),
    ("are ", "are not "),
    ("was ", "was not "),
    ("were ", "were not "),
    ("seems ", "does not seem "),
    ("seem ", "do not seem "),
    ("contains ", "does not contain "),
    ("contain ", "do not contain "),
    ("holds ", "does not hold "),
    ("looks ", "does not look "),
    ("shows ", "does not show "),
    ("show ", "do not show "),
    ("goes ", "does not go "),
    ("travels ", "does not travel "),
    ("falls ", "does not fall "),
    ("stands ", "does not stand "),
    ("marked ", "did not mark "),
    ("wrote ", "did not write "),
    ("asked ", "did not ask "),
    ("says ", "does not say "),
    ("carries ", "does not carry "),
)
_VERB = re.compile("|".join(rf"(?<= ){re.escape(verb)}" for verb, _ in _OPPOSITES))
_MEANS = dict(_OPPOSITES)


def denied(question: str) -> str:
    """Return a sentence that says that `question`, such as "the mail is large", is not so."""
    found = _VERB.search(question)
    if found is None:
        return f"Not so: {question}."
    rest = _alternatives(question[found.end() :])
    both = "both " if " and at " in rest and _MEANS[found[0]].endswith("not ") else ""
    said = f"{question[: found.start()]}{_MEANS[found[0]]}{both}{rest}"
    return f"{said[:1].upper()}{said[1:]}."


def _alternatives(text: str) -> str:
    """Return what follows the verb; "one and contains other" becomes "one, or does not …"."""
    parts = re.split(r" and (?=\w+s )", text)
    if len(parts) == 1:
        return text
    head, *others = parts
    return ", or ".join([head, *(denied(f"it {other}")[3:-1] for other in others)])
