"""What a store shows: its URLs, language, money and pages."""
