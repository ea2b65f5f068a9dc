"""What is trained, and on what: synthetic notes and the name model."""
