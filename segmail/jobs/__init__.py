"""The jobs that cron starts: what each last did, kept where any host can read it."""
