"""Medicine safety on chart open: what is taken against allergies, other medicines, problems, pregnancy, kidney and age.

The tables (TOML) hold every fact with its source; the modules read them, recognise what the chart names, and say each
pair once. Nothing here changes a medicine: each finding asks that the physician reviews one.
"""
