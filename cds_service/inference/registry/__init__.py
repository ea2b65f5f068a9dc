"""The registry of adapters: what was trained, what it was measured to do, and which one serves."""
