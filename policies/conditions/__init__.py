"""Conditions: what each word under `when` and `except` means.

For the engine. Each condition of the language is compiled once, when the policy is loaded, into
a test that says why it holds. Promises that a condition which reads only the envelope can be
asked before there is a message. Must never quote the mail in a reason.
"""

from policies.conditions.base import Because, Condition, Reads, Scope, listing
from policies.conditions.registry import COMPILERS, compile_block
from policies.conditions.texts import TextSearch

__all__ = [
    "COMPILERS",
    "Because",
    "Condition",
    "Reads",
    "Scope",
    "TextSearch",
    "compile_block",
    "listing",
]
