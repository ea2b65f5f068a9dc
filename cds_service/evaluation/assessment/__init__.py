"""How good assessments are: drafts of one or several models on cases whose priority is known, and what the floor says.

Mapping, rules, gate and retrieval run once for each case (`cases`); each model then drafts for all of them
(`drafting`); figures (`measures`, `paired`, `calibration`) are counted from records that hold no word of a chart.
"""
