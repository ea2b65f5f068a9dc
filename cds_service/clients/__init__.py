"""Who may call: registered CDS clients, their keys, their tokens, and how often they have called."""
