"""Training sets: synthetic cases, clinic records and public questions as prompts with completions."""
