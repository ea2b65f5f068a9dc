"""One harness: measure a part on data, print one table. Nothing here runs while the service serves."""
