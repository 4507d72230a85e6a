"""The pages of held mails: why one waits, mending it, deciding about somebody else's."""
