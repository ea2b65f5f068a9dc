"""The CDS Hooks 2.0.1 protocol (wire forms, contexts, prefetch) and the declarations of our services. Pure."""
