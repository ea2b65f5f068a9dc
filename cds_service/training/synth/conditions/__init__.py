"""What is authored: conditions and their stages of severity, one body system a file. `clinical_review: none`."""
