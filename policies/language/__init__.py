"""The policy language: from a YAML file to compiled rules, and every sentence about its mistakes.

For `sealgate policy` and for each process that decides. The only package that opens policy files.
"""
