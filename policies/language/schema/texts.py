"""What may be said about the texts of a mail, and about its attachments."""

from typing import Annotated, ClassVar

from pydantic import Field

from policies.language.annotations import OneOf, OneOrMany, Size, YesNo
from policies.language.schema.part import DetectorName, Part, Words

SEVERITIES = ("low", "medium", "high", "critical")
CONFIDENCES = ("possible", "likely", "sure")
# A word for each kind that extraction tells apart, and for the families people think in.
KIND_FAMILIES = {
    "document": ("docx", "doc", "odt", "rtf", "pdf", "postscript", "text", "html"),
    "spreadsheet": ("xlsx", "xls", "ods", "csv", "tsv"),
    "presentation": ("pptx", "ppt", "odp"),
    "archive": (
        *("zip", "7z", "rar", "tar", "gzip", "bzip2", "xz", "lzma", "zstd"),
        *("cabinet", "disk image"),
    ),
    "mail": ("eml", "msg", "mbox", "tnef"),
    "media": ("image", "audio", "video"),
}
OTHER_KINDS = (
    *("executable", "database", "calendar", "json", "xml", "font", "settings", "signature"),
    *("cms", "pgp", "rpmsg", "age", "yenc", "binhex", "ole", "onenote", "unknown"),
)
KINDS = (
    *KIND_FAMILIES,
    *(kind.replace(" ", "_") for family in KIND_FAMILIES.values() for kind in family),
    *OTHER_KINDS,
)
EXTENSION = r"^\.?[A-Za-z0-9][A-Za-z0-9_-]{0,15}$"


class TextTest(Part):
    """What a text holds, in every form in which a recipient might see it."""

    noun: ClassVar[str] = "test of a text"
    finds: Annotated[list[DetectorName], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None,
        description="Personal data: any of these detectors, or groups of detectors, finds "
        "something. `any` if only `severity`, `confidence` or `at_least` is written.",
    )
    severity: Annotated[str, OneOf("severity", lambda: SEVERITIES)] | None = Field(
        default=None,
        description="Only findings that do at least this much harm count: `low`, `medium`, "
        "`high` or `critical`.",
    )
    confidence: Annotated[str, OneOf("confidence", lambda: CONFIDENCES)] | None = Field(
        default=None,
        description="Only findings that are at least this certain count: `possible` (by shape), "
        "`likely` (by the words around) or `sure` (by a label or check digit).",
    )
    at_least: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None,
        description="At least so many different values are found; the same value counts once.",
    )
    contains: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None,
        description="Any of these words stands in the text. Words written here in capitals are "
        "matched in capitals only.",
    )


class AttachmentTest(TextTest):
    """What one attachment is and holds; the same attachment must pass every test."""

    noun: ClassVar[str] = "test of an attachment"
    kind: (
        Annotated[
            list[Annotated[str, OneOf("kind of attachment", lambda: KINDS)]],
            OneOrMany(),
            Field(min_length=1),
        ]
        | None
    ) = Field(
        default=None,
        description="Its content is of any of these kinds, whatever its name says: a family "
        "(`document`, `spreadsheet`, `presentation`, `archive`, `mail`, `media`), a kind such as "
        "`docx` or `executable`, or `unknown`.",
    )
    extension: (
        Annotated[list[Annotated[str, Field(pattern=EXTENSION)]], OneOrMany(), Field(min_length=1)]
        | None
    ) = Field(default=None, description="Any of its names ends in any of these, such as `exe`.")
    name_contains: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None, description="Any of these words stands in any of its names."
    )
    size_over: Annotated[int, Size()] | None = Field(
        default=None, description="It is larger than this, such as `10 MB`."
    )
    encrypted: Annotated[bool, YesNo()] | None = Field(
        default=None, description="`yes`: it is encrypted, so that its content was not read."
    )
    unscannable: Annotated[bool, YesNo()] | None = Field(
        default=None,
        description="`yes`: its content was not read, for whatever reason, encryption included.",
    )
