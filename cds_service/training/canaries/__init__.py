"""Charts full of canaries: identifiers that exist nowhere else, in fields and in notes, in many spellings."""
