"""Shadow, pilot or full: how far a rule, the model or the service is rolled out."""
