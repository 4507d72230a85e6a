"""Who is there: users who send, and readers who have proved an address."""
