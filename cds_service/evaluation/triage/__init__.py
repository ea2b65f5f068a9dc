"""How well urgent visits are told from others: requests replayed beside the priority that people gave them."""
