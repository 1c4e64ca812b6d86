"""What a styled newsletter costs beside other ways to send it: `bin/bench --peers` and so on."""
