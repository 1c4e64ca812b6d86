"""How fast messages are built, beside Python's own EmailMessage."""
