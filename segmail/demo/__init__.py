"""The demo: a small invented shop in SQLite, the jobs run on it, and a story of what happened."""
