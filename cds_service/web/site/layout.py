"""What all pages share: the frame, the design system, scripts and pictures."""

from __future__ import annotations

from flask import Blueprint

NAME = "layout"


def blueprint() -> Blueprint:
    """Templates, and static files under ``/assets``."""
    return Blueprint(NAME, __name__, template_folder="templates", static_folder="static", static_url_path="/assets")
