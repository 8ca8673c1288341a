"""The WhatsApp API: one content to many recipients, inside a session of 24 hours or as a template."""
