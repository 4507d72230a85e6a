"""What was done, by whom, and how anybody can prove it."""
