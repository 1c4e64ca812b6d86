"""The crash storm: real runs killed at every point of their work, and what is left afterwards."""
