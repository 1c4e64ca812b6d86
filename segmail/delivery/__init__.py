"""From the due row to the mailbox: claim, render, record, send, settle."""
