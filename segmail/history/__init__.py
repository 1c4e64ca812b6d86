"""What became of each step of each customer, and its scheduling again on a person's word."""
