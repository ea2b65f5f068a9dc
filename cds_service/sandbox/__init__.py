"""The client side of CDS Hooks: plays an EHR against any CDS service, with a patient from FHIR files or a server."""
