"""The black-box checks, one subject a file. Each yields results; the ids that it may prove stand beside it."""
