"""Labelled good and bad drafts, and how well the safety checks tell them apart.

The drafts (``scene_*.toml``) and sentences (``bias_examples.toml``) were written for this project: a scene is a small
made-up case with one good draft, and every other draft says what it changes. They are labelled by what a clinician
would object to, never by what the code finds.
"""
