"""SendGrid as a mail backend meets it: mail/send, an inbox to look at, signed events."""
