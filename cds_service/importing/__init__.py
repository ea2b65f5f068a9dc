"""Bulk data and past encounters, de-identified in one pass into the clinic part of a training set."""
