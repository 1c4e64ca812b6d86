"""The commands: a file each, which parses, makes one call, prints and raises."""
