"""A module a version of the schema."""
