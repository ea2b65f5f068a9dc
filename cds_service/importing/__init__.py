"""A clinic's past records into its part of a training set: read, grouped by patient, de-identified, written."""
