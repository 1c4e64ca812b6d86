"""The shop's database: connections, statements with many values, locks."""
