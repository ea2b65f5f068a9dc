"""What patients and courts may ask for: opt-outs, legal holds, erasure."""
