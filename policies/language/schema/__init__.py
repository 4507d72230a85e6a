"""The policy language as data: what a policy file may hold.

For the loader, the JSON Schema that editors read, and the reference page, which are all made
from these models: `conditions`, `outcomes`, `rule`, `settings` and the whole `file`. Promises that
an unknown key is an error. Must never decide anything: what a condition means stands in
`policies.conditions`.
"""

from policies.language.schema.conditions import (
    DIRECTIONS,
    FLAG_KINDS,
    AddressTest,
    Conditions,
    SubjectTest,
)
from policies.language.schema.file import LIST_KINDS, ListSource, PolicyFile
from policies.language.schema.outcomes import (
    OUTCOMES,
    WARN,
    AddTerms,
    RelayTerms,
    SealTerms,
    outcome_of,
)
from policies.language.schema.part import FILE_NAME, GUID, LIST_NAME, RULE_NAME, Part
from policies.language.schema.rule import Rule
from policies.language.schema.settings import SENSITIVITIES, MsipLabel, Settings

__all__ = [
    "DIRECTIONS",
    "FILE_NAME",
    "FLAG_KINDS",
    "GUID",
    "LIST_KINDS",
    "LIST_NAME",
    "OUTCOMES",
    "RULE_NAME",
    "SENSITIVITIES",
    "WARN",
    "AddTerms",
    "AddressTest",
    "Conditions",
    "ListSource",
    "MsipLabel",
    "Part",
    "PolicyFile",
    "RelayTerms",
    "Rule",
    "SealTerms",
    "Settings",
    "SubjectTest",
    "outcome_of",
]
