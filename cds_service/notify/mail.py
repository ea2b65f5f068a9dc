"""Notifications as e-mail. Every try of a message has the same Message-ID, by which mail programs show it once."""

from __future__ import annotations

import smtplib
import socket
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from cds_service.notify.channels import PORTS, EmailChannel
from cds_service.notify.sender import read_secret
from cds_service.notify.values import Message, NotSent
from cds_service.outbound import Outbound, OutboundFailed, OutboundRefused

SOME_REFUSED = "some-recipients-refused"


class Mail:
    """Sends through one server. Raises ConfigurationError when the password cannot be read."""

    def __init__(self, channel: EmailChannel, outbound: Outbound) -> None:
        self._channel = channel
        self._port = channel.port or PORTS[channel.security]
        self._password = read_secret(channel.password_file) if channel.password_file else None
        self._outbound = outbound

    def send(self, message: Message, *, now: datetime, deadline: float) -> str | None:  # noqa: ARG002 - a Sender's
        """Send once, in one conversation. Raises NotSent."""
        try:
            with self._outbound.dial(self._channel.host, self._port, deadline=deadline) as line:
                refused = self._talk(line, compose(message, self._channel), deadline)
        except OutboundRefused:
            raise NotSent("address-refused", final=True) from None
        except OutboundFailed as error:
            raise NotSent(error.code) from None
        return SOME_REFUSED if refused else None

    def _talk(self, line: socket.socket, mail: EmailMessage, deadline: float) -> Mapping[str, tuple[int, bytes]]:
        """The recipients that the server refused. The server's words are dropped: they may quote addresses."""
        channel = self._channel
        try:
            with closing(_Conversation(line, channel, self._outbound)) as server:
                if channel.security == "starttls":
                    server.starttls(context=self._outbound.tls)
                if channel.user is not None and self._password is not None:
                    server.login(channel.user, self._password)
                refused = server.send_message(mail)
                with suppress(smtplib.SMTPException):  # it is taken, however the server says goodbye
                    server.quit()
                return refused
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise NotSent("recipients-refused", final=all(code >= 500 for code in codes)) from None
        except smtplib.SMTPNotSupportedError:
            raise NotSent("no-tls-or-login", final=True) from None
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"smtp-{error.smtp_code}", final=error.smtp_code >= 500) from None
        except (OSError, ValueError) as error:  # smtplib's other errors are OSErrors; a garbled answer is a ValueError
            raise NotSent(_code(error, deadline)) from None


class _Conversation(smtplib.SMTP):
    """smtplib over a line that was dialled to an address that is allowed."""

    def __init__(self, line: socket.socket, channel: EmailChannel, outbound: Outbound) -> None:
        self._line = line
        self._wrap = outbound.tls if channel.security == "tls" else None
        super().__init__(channel.host, 1, local_hostname=_domain(channel))  # this port is not used

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - smtplib's
        return self._line if self._wrap is None else self._wrap.wrap_socket(self._line, server_hostname=host)


def compose(message: Message, channel: EmailChannel) -> EmailMessage:
    """The mail: fixed words and a link."""
    domain = _domain(channel)
    mail = EmailMessage()
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.to)
    mail["Subject"] = message.title
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.key}@{domain}>"
    mail["References"] = f"<{message.case}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Importance"] = "high"
    mail.set_content(message.text)
    return mail


def _domain(channel: EmailChannel) -> str:
    return channel.sender.rpartition("@")[2]


def _code(error: Exception, deadline: float) -> str:
    if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
        return "timeout"
    return "tls" if type(error).__module__ == "ssl" else "unreachable"
