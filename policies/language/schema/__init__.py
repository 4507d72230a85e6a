"""The policy language as data: what a policy file may hold.

For the loader, the JSON Schema that editors read, and the reference page, which are all made
from these models: conditions (`addresses`, `texts`, `circumstances`), `outcomes`, the `rule`,
`settings` and the whole `file`. Promises that an unknown key is an error. Must never decide
anything: what a condition means stands in `policies.conditions`.
"""

from policies.language.schema.addresses import AddressTest, RecipientTest
from policies.language.schema.circumstances import (
    DAYS,
    HEADER_NAME,
    MARKINGS,
    ROUTES,
    WEEKDAYS,
    CountTest,
    HeaderTest,
    MarkingTest,
    RouteTest,
    TimeTest,
)
from policies.language.schema.conditions import DIRECTIONS, FLAG_KINDS, Conditions
from policies.language.schema.detectors import LABEL, OwnDetector
from policies.language.schema.file import LIST_KINDS, Agreement, Group, ListSource, PolicyFile
from policies.language.schema.outcomes import (
    OUTCOMES,
    WARN,
    AddTerms,
    HoldTerms,
    RelayTerms,
    SealTerms,
    outcome_of,
)
from policies.language.schema.part import FILE_NAME, GUID, RULE_NAME, Part
from policies.language.schema.rule import Rule
from policies.language.schema.settings import SENSITIVITIES, MsipLabel, Partners, Settings
from policies.language.schema.texts import (
    CONFIDENCES,
    EXTENSION,
    KIND_FAMILIES,
    KINDS,
    SEVERITIES,
    AttachmentTest,
    TextTest,
)
from policies.settings import LIST_NAME

__all__ = [
    "CONFIDENCES",
    "DAYS",
    "DIRECTIONS",
    "EXTENSION",
    "FILE_NAME",
    "FLAG_KINDS",
    "GUID",
    "HEADER_NAME",
    "KINDS",
    "KIND_FAMILIES",
    "LABEL",
    "LIST_KINDS",
    "LIST_NAME",
    "MARKINGS",
    "OUTCOMES",
    "ROUTES",
    "RULE_NAME",
    "SENSITIVITIES",
    "SEVERITIES",
    "WARN",
    "WEEKDAYS",
    "AddTerms",
    "AddressTest",
    "Agreement",
    "AttachmentTest",
    "Conditions",
    "CountTest",
    "Group",
    "HeaderTest",
    "HoldTerms",
    "ListSource",
    "MarkingTest",
    "MsipLabel",
    "OwnDetector",
    "Part",
    "Partners",
    "PolicyFile",
    "RecipientTest",
    "RelayTerms",
    "RouteTest",
    "Rule",
    "SealTerms",
    "Settings",
    "TextTest",
    "TimeTest",
    "outcome_of",
]
