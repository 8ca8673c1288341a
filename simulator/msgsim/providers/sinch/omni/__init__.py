"""The omni (fallback) API: SMS, voice and e-mail that stand in for each other."""
