"""The end of packages: kept by law, destroyed in time, certified; and clearing up."""
