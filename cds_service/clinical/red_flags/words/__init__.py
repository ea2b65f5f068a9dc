"""Data of the lexicon: one file for each body system."""
