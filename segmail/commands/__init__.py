"""The commands: one file each, which parses arguments, makes one call, prints and raises."""
