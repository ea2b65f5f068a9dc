"""Who is signed in. Views ask `signed_in` or `needs`; templates have `me`.

A session is looked up at every request, so that a disabled account or another role counts at once. What a page asks
for by itself (a queue that refreshes) does not keep a session from becoming idle.
"""

from __future__ import annotations

import re
from typing import NoReturn, cast
from urllib.parse import urlsplit

import structlog
from flask import (
    Flask,
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from cds_service.accounts.roles import Member, Role
from cds_service.accounts.values import Entry, Session
from cds_service.clinic import Clinic
from cds_service.errors import NotAllowed, StoreError
from cds_service.web.site.cookies import Cookies

log = structlog.get_logger()

HOME = "/review"
"""Where people go who did not ask for another page."""

_LOCAL = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*(?:\?[A-Za-z0-9._~=&-]*)?", re.ASCII)
"""Paths of this service: one slash at the beginning, no host, no escapes, no backslash."""

_MAX_NEXT = 300
_NEW_PASSWORD = ("account.password", "account.change")
_DOOR = "site-door"


class SiteDoor:
    """What the functions of this module need, once an application."""

    def __init__(self, clinic: Clinic, cookies: Cookies) -> None:
        self.accounts = clinic.accounts
        self.now = clinic.now
        self.cookies = cookies


def install(app: Flask, clinic: Clinic, cookies: Cookies) -> None:
    """Let the pages of `app` know who is signed in."""
    app.extensions[_DOOR] = SiteDoor(clinic, cookies)

    @app.context_processor
    def me() -> dict[str, Member | None]:
        try:
            return {"me": current()}
        except StoreError:  # the page of an error is shown without the database too
            return {"me": None}


def current() -> Member | None:
    """Who is signed in, None: nobody."""
    found = _session()
    return None if found is None else found.member


def signed_in() -> Member:
    """Who is signed in. Nobody: the answer is the sign-in page, and afterwards the page that was asked for.

    A form that was sent after the session ended is not taken, and says so. Who must change the password does so first.
    """
    found = _session()
    if found is None:
        _ask_to_sign_in()
    if found.must_change and request.endpoint not in _NEW_PASSWORD:
        abort(_go(url_for("account.password")))
    return found.member


def needs(*roles: Role) -> Member:
    """Who is signed in, if in one of `roles`. Raises NotAllowed."""
    member = signed_in()
    if member.role not in roles:
        log.warning("page-refused", account=member.account, role=member.role.value, endpoint=request.endpoint)
        raise NotAllowed("Your role does not open this page.")
    return member


def let_in(entry: Entry, to: str) -> Response:
    """The answer to a sign-in: a new session, a new form token, and the page that was asked for."""
    session.pop("csrf_token", None)
    response = _go(url_for("account.password") if entry.must_change else to)
    _door().cookies.write(response, entry.token)
    log.info("signed-in", account=entry.member.account, role=entry.member.role.value)
    return response


def token() -> str | None:
    """The secret in the session cookie, whatever it is worth."""
    return request.cookies.get(_door().cookies.session)


def sign_out() -> None:
    """End the session of this request."""
    door, found, secret = _door(), _session(), token()
    if found is not None and secret:
        door.accounts.sign_out(secret, found.member, now=door.now())
    g.site_session = None
    session.clear()


def forget(response: Response) -> None:
    """Take the session cookie away."""
    _door().cookies.forget(response)


def safe_next(wanted: str | None) -> str:
    """`wanted` if it is a plain path of this service, else the first page."""
    if not wanted or len(wanted) > _MAX_NEXT or _LOCAL.fullmatch(wanted) is None:
        return HOME
    return HOME if wanted == "/" or ".." in wanted or wanted.startswith(("/sign-", "/launch")) else wanted


def _session() -> Session | None:
    if "site_session" not in g:
        door, secret = _door(), token()
        g.site_session = secret and door.accounts.session(secret, now=door.now(), active=_is_active())
    return cast("Session | None", g.site_session or None)


def _is_active() -> bool:
    """Whether a person is behind this request, and not a page that refreshes itself."""
    by_script = "HX-Request" in request.headers and "HX-Boosted" not in request.headers
    return request.method != "GET" or not by_script


def _ask_to_sign_in() -> NoReturn:
    if "HX-Request" in request.headers:
        asked = urlsplit(request.headers.get("HX-Current-URL", "")).path
        response = make_response("", 401)
        response.headers["HX-Redirect"] = url_for("account.sign_in", next=safe_next(asked))
        abort(response)
    if request.method not in ("GET", "HEAD"):
        abort(make_response(render_template("account/ended.html"), 401))
    asked = request.full_path.removesuffix("?")
    abort(_go(url_for("account.sign_in", next=safe_next(asked))))


def _go(to: str) -> Response:
    return cast("Response", redirect(to, code=303))


def _door() -> SiteDoor:
    return cast("SiteDoor", current_app.extensions[_DOOR])
