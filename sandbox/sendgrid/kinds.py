"""The kinds of documents this stand-in keeps. What the control page shows it reads under these names."""

# {"id", "message_id", "to", "from", "subject", "text", "html", "categories", "custom_args", "headers", "at", …}
MAIL = "sendgrid.mails"
# One document, "webhook": the key pair that signs events, both halves as base64 DER.
SIGNER = "sendgrid.signer"
