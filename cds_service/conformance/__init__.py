"""What CDS Hooks asks of a service, row by row, and how each row is proven (docs/reference/conformance.md)."""
