"""Sealed packages: how they come to be, who may open them and when, and how they are found."""
