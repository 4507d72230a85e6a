"""Answering on the site: written here, asked of policy and scanners, kept as a mail."""
