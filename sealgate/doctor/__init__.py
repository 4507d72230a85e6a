"""Looking for what would stop mail, before mail is stopped."""
