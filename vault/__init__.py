"""The safe: sealed packages, who may open them, what happened, what must still be sent.

Promises that what it has accepted is on disk, encrypted, and recorded.
Must never write content in the clear, nor know SMTP, HTTP or policy.
"""
