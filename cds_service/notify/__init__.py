"""Telling physicians: an outbox, its channels, and escalation."""
