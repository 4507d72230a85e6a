"""The policy that a node goes by: how it is loaded, changed, and who has to agree."""
