"""The engines behind `cds_service.inference.backend.ModelBackend`, one per file. Heavy imports live only here."""
