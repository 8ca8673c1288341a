"""The e-mail API: one text to many recipients, each with its own values, and queries for what became of them."""
