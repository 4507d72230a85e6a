"""A message as bytes: its headers, the tree of its parts, and what its sender asked for.

For everything that decides. Nothing here keeps a body, changes a byte, or raises at odd input.
"""
