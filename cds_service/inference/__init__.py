"""From a de-identified case to a draft: prompt, output contract, model backends and jobs.

Read `contract` first (what a model may say), then `offers` and `prompt` (what it is shown), then `backend` (who says
it) and `models` (which one the settings name).
"""
