"""The public faces of the service: CDS Hooks and operations. HTTP codes exist only here."""
