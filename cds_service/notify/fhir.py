"""Notifications as a Communication or Task on a FHIR server, created on condition that none has its identifier yet."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import quote

from cds_service.domain import Priority
from cds_service.notify.backend_token import BackendToken
from cds_service.notify.channels import FhirChannel
from cds_service.notify.sender import MAX_REPLY_BYTES, asked
from cds_service.notify.values import Message, NotSent
from cds_service.outbound import BaseUrl, Outbound
from fhir_mappers.communication import communication, review_call
from fhir_mappers.fields import Json

SYSTEM = "urn:cds-service:notification"
PRIORITY = {Priority.CRITICAL: "stat", Priority.HIGH: "urgent"}
SEVERAL = "http-412"
"""More than one resource has the identifier (FHIR http.html#ccreate): the message is there."""


class FhirWriter:
    """Creates on one server. Raises ConfigurationError when the key cannot be used."""

    def __init__(self, channel: FhirChannel, outbound: Outbound) -> None:
        self._channel = channel
        self._base = BaseUrl.parse(channel.base)
        self._outbound = outbound
        self._token = BackendToken(channel, outbound)

    def send(self, message: Message, *, now: datetime, deadline: float) -> str | None:
        """Create once. Raises NotSent."""
        content = json.dumps(self._resource(message)).encode()
        headers = {
            "Authorization": f"Bearer {self._token.get(now=now, deadline=deadline)}",
            "Content-Type": "application/fhir+json",
            "Accept": "application/fhir+json",
            "If-None-Exist": f"identifier={quote(f'{SYSTEM}|{message.key}', safe='')}",
            "Prefer": "return=minimal",
        }
        try:
            asked(
                lambda: self._outbound.post(
                    self._base,
                    self._channel.resource,
                    content=content,
                    headers=headers,
                    deadline=deadline,
                    max_bytes=MAX_REPLY_BYTES,
                )
            )
        except NotSent as error:
            if error.code == "http-401":
                self._token.forget()
            if error.code != SEVERAL:
                raise
        return None

    def _resource(self, message: Message) -> Json:
        make = communication if self._channel.resource == "Communication" else review_call
        return make(
            system=SYSTEM,
            value=message.key,
            text=message.text,
            priority=PRIORITY[message.priority],
            sent=message.at,
            recipients=self._channel.recipients,
        )
