"""What the automation does right now: one look at the switches, the backlog and the jobs."""
