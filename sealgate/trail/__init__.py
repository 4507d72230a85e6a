"""The audit trail outside the database: signed, witnessed, and in forms that others read."""
