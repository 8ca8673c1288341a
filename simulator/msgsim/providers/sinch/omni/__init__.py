"""The omni (fallback) API: SMS, voice and e-mail, tried one after the other."""
