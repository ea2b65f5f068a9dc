"""Answers of patients before a visit: forms, codes, sealed responses."""
