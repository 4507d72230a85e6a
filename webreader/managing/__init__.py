"""The pages of a sender: what was sent, who has it, and everything that can be done about it."""
