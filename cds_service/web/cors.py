"""Cross-origin calls of browser-based clients: an exact list of origins, and a preflight that needs no token (X1, X2).

Written here rather than taken from a library: it is an exact comparison and four headers, and the libraries' patterns
and wildcards are what must not happen here.
"""

from __future__ import annotations

from flask import Request, Response

METHODS = "GET, POST"
HEADERS = "Authorization, Content-Type"
MAX_AGE_S = "600"


def is_preflight(request: Request) -> bool:
    """Whether this is a browser's question before the call: answered without authentication."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def allow(request: Request, response: Response, origins: tuple[str, ...]) -> None:
    """Tell the browser that its page may read this answer, when its origin is on the operator's list."""
    if not origins:
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin not in origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    if is_preflight(request):
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Allow-Headers"] = HEADERS
        response.headers["Access-Control-Max-Age"] = MAX_AGE_S
