"""Whether answers depend on who somebody is: counterfactual twins down the road of the hook, and to one or more models.

`pairs` makes the twins and lets both walk the road; `answers` lets a model answer them; `measure` counts what changed.
`kept` holds pairs of people whose difference matters, and must go on mattering.
"""
