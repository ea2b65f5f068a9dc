"""Synthetic cases: made-up patients with an authored condition, as the requests that serving would get for them."""

from cds_service.training.synth.generate import cases
from cds_service.training.synth.parts import Part

__all__ = ["Part", "cases"]
