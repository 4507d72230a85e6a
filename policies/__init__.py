"""Decides: policy files become rules, rules and a mail become a Decision with its reasons.

Promises to be pure: the same mail and policy give the same decision.
Must never speak SMTP, HTTP or SQL, nor quote a matched value.
"""
