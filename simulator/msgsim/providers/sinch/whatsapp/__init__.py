"""The WhatsApp API: one content to many recipients, within a session of 24 hours or as a template."""
