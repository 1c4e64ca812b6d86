"""The jobs that cron starts: what each last did, stored where any host can read it."""
