"""De-identification: the one gate between a chart and everything that reads past it."""
