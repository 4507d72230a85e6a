"""What is still to be sent: the outbox, who has which mail of it, and what comes back."""
