"""Whether the service helps: figures, trends, drift, alerts, reports and reviews that people sign."""
