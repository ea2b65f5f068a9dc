"""FHIR R4 resources to the chart of one patient (`Case`), and card suggestions to FHIR R4 resources. Pure."""
