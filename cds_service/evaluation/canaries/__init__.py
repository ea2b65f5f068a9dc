"""Canary charts down the real road: what was sown in a chart is looked for in everything behind the gate."""
