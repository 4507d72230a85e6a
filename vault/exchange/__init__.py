"""Leaving and arriving: packages in a form that can be read without Sealgate."""
