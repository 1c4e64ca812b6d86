"""Starts the program: `python -m segmail` and the `segmail` script."""

from segmail.cli import main

if __name__ == "__main__":
    main()
