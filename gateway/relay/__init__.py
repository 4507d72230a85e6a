"""SMTP out: the next hop, its client, and DKIM."""
