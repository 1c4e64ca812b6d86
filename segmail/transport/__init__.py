"""How mails leave: over SMTP, by a sendmail program, into a folder."""
