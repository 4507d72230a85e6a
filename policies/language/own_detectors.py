"""The detectors of a policy file, made and tried.

For the loader and the checker. Promises that a detector whose examples do not hold is never used,
and that each problem says which example it is.
"""

from collections.abc import Iterator, Mapping

from policies.detectors import DETECTORS, Detector, Severity
from policies.detectors.custom import CustomDetector, PatternError, compile_pattern, compile_words
from policies.detectors.groups import GROUPS
from policies.errors import quoted
from policies.language.name_checks import Finding
from policies.language.schema import OwnDetector, PolicyFile
from policies.text.view import normalise

_NOTHING = "[^ -~]x"  # of the texts that detectors see, which are ASCII, this matches none


def known_detectors(parsed: PolicyFile) -> Mapping[str, Detector]:
    """Return every detector that the rules of a file may name, those that ship first.

    One whose pattern is broken finds nothing; the checker says so, and the file is not used.
    """
    own = {name: _usable(name, said) for name, said in parsed.detectors.items()}
    return {**DETECTORS, **own}


def _usable(name: str, said: OwnDetector) -> CustomDetector:
    try:
        return detector_of(name, said)
    except PatternError:
        return CustomDetector(name, said.label, Severity.LOW, compile_pattern(_NOTHING))


def detector_of(name: str, said: OwnDetector) -> CustomDetector:
    """Make a detector. Raises PatternError."""
    return CustomDetector(
        name=name,
        label=said.label,
        severity=Severity[said.severity.upper()],
        pattern=compile_pattern(said.pattern),
        near=compile_words(said.near),
        within=said.within,
        checksum=said.checksum,
    )


def detector_findings(parsed: PolicyFile) -> Iterator[Finding]:
    """Yield what is wrong with the detectors of a file."""
    for name, said in parsed.detectors.items():
        if name in DETECTORS or name in GROUPS:
            found = f"{quoted(name)} is the name of a detector that comes with Sealgate"
            yield ("detectors", name), found, "another name", ""
        yield from _tried(name, said)


def _tried(name: str, said: OwnDetector) -> Iterator[Finding]:
    try:
        compile_words(said.near)
    except PatternError as error:
        yield ("detectors", name, "near"), str(error), "words such as card, library card", ""
        return
    try:
        detector = detector_of(name, said)
    except PatternError as error:
        allowed = "a regular expression in the syntax of RE2, such as LIB-[0-9]{6}"
        yield ("detectors", name, "pattern"), str(error), allowed, ""
        return
    mend = "mend the pattern, its words or the example"
    for key, examples, wanted in (("finds", said.finds, True), ("leaves", said.leaves, False)):
        for number, example in enumerate(examples):
            if bool(detector.find(normalise(example))) is not wanted:
                what = "nothing is found in" if wanted else "something is found in"
                found = f"{what} the example {quoted(example)} of {quoted(key)}"
                yield ("detectors", name, key, number), found, "", mend
