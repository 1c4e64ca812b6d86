"""segmail on a real Galera cluster of three nodes: see bin/galera."""
