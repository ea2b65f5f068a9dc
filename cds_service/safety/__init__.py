"""Decides whether a draft may be shown: checks in the open, a verdict in fixed words, confidence computed in code."""
