"""Made-up visits of primary and urgent care, each with the priority that a published source gives it.

``tuning.toml`` may be looked at when rules are written. ``kept_out.toml`` may not: it says how rules do on visits that
nobody who wrote them has seen.
"""
