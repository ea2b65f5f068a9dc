"""Cases that wait for a clinician: states, permissions, the queue, decisions."""
