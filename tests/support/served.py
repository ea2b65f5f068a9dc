"""The model that serves under settings, loaded as the worker loads it."""

from cds_service.inference.specs import SERVING, load_spec


def served(settings):
    """The backend alone."""
    return load_spec(SERVING, settings)[0]
