"""What must hold when things go wrong, as figures: ``python -m reliability`` (short), ``--long``."""
