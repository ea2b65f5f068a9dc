"""What the service counts about itself. No patient data, no free text in a label."""
