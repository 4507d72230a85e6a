"""What the second set is made of: people, numbers, frames, words and disguises."""
