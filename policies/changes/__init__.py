"""Changes to clear copies: statements, a neutral subject, headers left out.

Each change is planned as edits, places and new bytes, from the outline and as little of the mail
as it needs. Promises that every byte no edit names is the sender's, and that a signature is never
broken.
Must never touch what is sealed.
"""
