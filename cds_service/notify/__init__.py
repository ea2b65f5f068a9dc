"""Telling physicians what is urgent: an outbox, channels with retries, escalation when nobody answers.

`outbox` writes what is to be told, in the transaction that opens the case; `deliveries` leases it to a process;
`mail`, `webhook` and `fhir` send it; `escalation` goes a level up when nobody acknowledged; `process` runs all of it.
"""
