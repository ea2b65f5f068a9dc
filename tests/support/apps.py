"""Applications over a built service, as an operator would run them."""

from dataclasses import replace

from cds_service.app import build_door, create_app
from hooks.services import SERVICES
from tests.support.tokens import BASE, ISS, EhrClient, clients_file, key_set, private_key, public_jwk


def app_of(service, *, signed=False, services=SERVICES, **changed):
    """The application over `service` with `changed` settings of its door and limits."""
    changed_service = replace(service, settings=service.settings.model_copy(update=changed))
    return create_app(changed_service, build_door(changed_service.settings, service.outbound, signed=signed), services)


def signed_client(service, folder, **fields):
    """A client of the application that asks for tokens, and the only EHR registered there, with these `fields`."""
    ehr = EhrClient(private_key())
    path = clients_file(folder, {"name": "ehr", "iss": ISS, "jwks": key_set(public_jwk(ehr.key)), **fields})
    shared = f"sqlite:///{folder / 'signed.sqlite3'}"
    return app_of(service, signed=True, clients_file=path, external_url=BASE, shared_url=shared).test_client(), ehr
