"""Applications over a built service, as an operator would run them."""

from dataclasses import replace

from cds_service.app import build_door, create_app
from hooks.services import SERVICES


def app_of(service, *, signed=False, services=SERVICES, **changed):
    """The application over `service` with `changed` settings of its door and limits."""
    changed_service = replace(service, settings=service.settings.model_copy(update=changed))
    return create_app(changed_service, build_door(changed_service.settings, service.outbound, signed=signed), services)
