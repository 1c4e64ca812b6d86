"""`doctor`: what is wrong with a shop's automation, and how to fix it."""
