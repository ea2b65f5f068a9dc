"""Notifications as signed JSON, by the Standard Webhooks specification (https://www.standardwebhooks.com).

The receiver checks ``webhook-signature`` and knows a repeated message by ``webhook-id``, which every try shares.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from cds_service.errors import ConfigurationError
from cds_service.ledger.encoding import canonical_json
from cds_service.notify.channels import WebhookChannel
from cds_service.notify.sender import MAX_REPLY_BYTES, asked, read_secret
from cds_service.notify.values import Message
from cds_service.outbound import BaseUrl, Outbound

EVENT = "case.waiting"
_PREFIX = "whsec_"


class Webhook:
    """Posts to one address. Raises ConfigurationError when the secret cannot be used."""

    def __init__(self, channel: WebhookChannel, outbound: Outbound) -> None:
        self._to = BaseUrl.parse(channel.url)
        self._outbound = outbound
        try:
            self._key = base64.b64decode(read_secret(channel.secret_file).removeprefix(_PREFIX), validate=True)
        except ValueError:
            self._key = b""
        if not 24 <= len(self._key) <= 64:  # as the specification asks
            raise ConfigurationError(
                f"CDS_NOTIFY_FILE: {channel.secret_file} holds whsec_ and 24 to 64 bytes in base64"
            )

    def send(self, message: Message, *, now: datetime, deadline: float) -> str | None:
        """Post once. Raises NotSent."""
        content = canonical_json(_body(message)).encode("ascii")
        time = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.key,
            "webhook-id": message.key,
            "webhook-timestamp": time,
            "webhook-signature": signature(self._key, message.key, time, content),
        }
        asked(
            lambda: self._outbound.post(
                self._to, content=content, headers=headers, deadline=deadline, max_bytes=MAX_REPLY_BYTES
            )
        )
        return None


def signature(key: bytes, id_: str, time: str, content: bytes) -> str:
    """``v1,`` and HMAC-SHA256 over ``id.time.content`` in base64."""
    signed = b".".join((id_.encode(), time.encode(), content))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _body(message: Message) -> dict[str, object]:
    return {
        "type": EVENT,
        "timestamp": message.at.isoformat(timespec="seconds"),
        "data": {
            "case": message.case,
            "priority": message.priority.label,
            "level": message.level,
            "title": message.title,
            "topics": list(message.topics),
            "url": message.link,
        },
    }
