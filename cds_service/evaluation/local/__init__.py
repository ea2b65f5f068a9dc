"""What the service would say, or said in shadow, on a clinic's own charts, before it goes live."""
