"""The SMTP door: what mail clients talk to and what the next hop hears from.

Promises that 250 is said only when the next hop or our disk has the mail.
Must never open a sealed package: it holds the sealing half of the vault key only.
"""
