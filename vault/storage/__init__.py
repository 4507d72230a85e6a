"""Where everything is kept: the database, whichever it is, and the transactions on it."""
