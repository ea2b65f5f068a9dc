"""Put on PYTHONPATH of a child process: any socket that would leave loopback is written down and refused."""

import ipaddress
import os
import sys

LOG = os.environ.get("NETGUARD_LOG")


def _is_local(host):
    if host in ("", "localhost", None, b"localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except (ValueError, AttributeError):
        return False
    return address.is_loopback or address.is_unspecified


def guard(event, args):
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        if not isinstance(address, tuple) or _is_local(address[0]):
            return
    elif event == "socket.getaddrinfo" or event == "socket.gethostbyname":
        if _is_local(args[0]):
            return
    else:
        return
    if LOG:
        with open(LOG, "a") as log:  # noqa: PTH123 - pathlib may not be importable this early
            log.write(f"{event} {args!r}\n")
    raise PermissionError(f"{event} beyond loopback is refused in tests")


sys.addaudithook(guard)
