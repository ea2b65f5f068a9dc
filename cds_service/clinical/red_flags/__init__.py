"""Red flags in what the patient and the triage desk say: lexicon (data), text, context, reading, grading, rules."""
