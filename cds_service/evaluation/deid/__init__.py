"""How well identifiers are found in text, and what else is taken away: our gate beside Presidio's defaults."""
