"""The demo: one fictional patient, played through the running service as an EHR would."""
