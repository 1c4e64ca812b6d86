"""For those who write the mails: templates listed, checked, rendered, previewed."""
