"""Extraction: every text that a recipient of a mail might see, wherever it stands.

For conditions about body and attachments. Promises an answer for any bytes within the budgets, and
that whatever could not be read is said to be so. Must never decide anything, keep a mail, or touch
a file or the network.
"""
