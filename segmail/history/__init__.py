"""What became of each step for each customer, and retries that a person asks for."""
