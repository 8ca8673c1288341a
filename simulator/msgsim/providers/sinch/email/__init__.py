"""The e-mail API: one text to many recipients with values for each, and queries for statuses."""
