"""The one thing that may go wrong with a peer: that it cannot be had on this machine."""


class UnavailableError(Exception):
    """A peer cannot be installed or started here. The text says which and why."""
