"""`doctor`: what is wrong with a shop's automation, and what to do."""
