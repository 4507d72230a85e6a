"""Backups: made while the node runs, checked, and brought back where there is nothing."""
