"""De-identified training sets: ordered, approved by a second person, written, explained."""
