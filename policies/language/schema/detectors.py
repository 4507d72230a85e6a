"""`detectors`: what an organisation looks for besides what Sealgate knows.

For the loader, the JSON Schema and the reference page.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from policies.detectors.custom import CHECKSUMS
from policies.language.annotations import OneOf, OneOrMany
from policies.language.schema.part import Part, Words

LABEL = r"^[ -~]*[!-~][ -~]*$"
Label = Annotated[str, Field(min_length=1, max_length=60, pattern=LABEL)]
SEVERITIES = ("low", "medium", "high", "critical")
Example = Annotated[str, Field(min_length=1, max_length=300)]


class OwnDetector(Part):
    """A detector of the organisation's own: a pattern, and examples that prove it."""

    noun: ClassVar[str] = "key of a detector"
    label: Label = Field(description='What senders are told: "a library card number".')
    pattern: Annotated[str, Field(min_length=1)] = Field(
        description="A regular expression in the syntax of RE2, in any case of letters, of at most "
        "500 characters. It must stand alone: not inside a longer word or number. Look-around, "
        "back-references and capturing groups are not available."
    )
    near: Annotated[list[Words], OneOrMany(), Field(max_length=50)] = Field(
        default=[], description="One of these words must stand near the value."
    )
    within: Annotated[int, Field(ge=1, le=200)] = Field(
        default=60, description="How many characters away the words may stand. Unless written: 60."
    )
    checksum: Annotated[str, OneOf("checksum", lambda: CHECKSUMS)] | None = Field(
        default=None,
        description="The check that the letters and digits of the value must pass: `luhn` (cards), "
        "`mod11` (ISBN-10, NHS), `mod97` (ISO/IEC 7064).",
    )
    severity: Annotated[str, OneOf("severity", lambda: SEVERITIES)] = Field(
        default="medium",
        description="`low`, `medium`, `high` or `critical`. Unless written: medium.",
    )
    finds: Annotated[list[Example], OneOrMany(), Field(min_length=1, max_length=20)] = Field(
        description="Examples in which it must find something, tried whenever the file is loaded."
    )
    leaves: Annotated[list[Example], OneOrMany(), Field(min_length=1, max_length=20)] = Field(
        description="Examples in which it must find nothing, tried as well."
    )
