"""SMTP in: the listener, its limits, its words."""
