"""For people who write the mails: templates are listed, checked, rendered and previewed."""
