"""How long the commands that look back take beside millions of finished rows."""
