"""What happens to a mail that waits: it is claimed, made ready, handed on, tried again, or bounced.

Promises that a mail leaves the outbox only when it was delivered or its sender told.
Must never hold a transaction open while it speaks with another server.
"""
