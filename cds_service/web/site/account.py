"""Sign-in by name and password, sign-out, and one's own password."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from typing import cast

import structlog
from flask import Blueprint, Request, Response, make_response, redirect, render_template, request, session, url_for

from cds_service.accounts.errors import AccountError, SignInRefused
from cds_service.accounts.passwords import MIN_CHARS
from cds_service.accounts.store import Accounts
from cds_service.clients.store import open_store
from cds_service.clinic import Clinic
from cds_service.errors import StoreError
from cds_service.settings import Settings
from cds_service.web.door import Turnstile
from cds_service.web.site import who

log = structlog.get_logger()

NAME = "account"
MAX_FIELD = 300

Limiter = Callable[[Request, str], None]


def blueprint(clinic: Clinic) -> Blueprint:
    """The pages under ``/sign-in`` and ``/sign-out``."""
    made = Blueprint(NAME, __name__)
    accounts, slow_down = clinic.accounts, limiter(clinic)
    _coming_and_going(made, clinic, accounts, slow_down)
    _own_password(made, clinic, accounts, slow_down)
    return made


def _coming_and_going(made: Blueprint, clinic: Clinic, accounts: Accounts, slow_down: Limiter) -> None:
    @made.get("/sign-in")
    def sign_in() -> Response:
        if who.current() is not None:
            return _go(who.safe_next(request.args.get("next")))
        return _sign_in_page(clinic.settings, request.args.get("next"))

    @made.post("/sign-in")
    def let_in() -> Response:
        name, wanted = _field("name"), who.safe_next(request.form.get("next"))
        slow_down(request, name)
        try:
            entry = accounts.sign_in(name, _field("password"), now=clinic.now(), former=who.token())
        except SignInRefused as refused:
            log.warning("sign-in-refused", reason=refused.reason)
            return _sign_in_page(clinic.settings, wanted, name=name, problem=str(refused))
        return who.let_in(entry, wanted)

    @made.get("/sign-out")
    def leaving() -> Response:
        return make_response(render_template("account/signed-out.html", gone=who.current() is None))

    @made.post("/sign-out")
    def sign_out() -> Response:
        try:
            who.sign_out()
        except StoreError:  # without its cookie nobody can use the session, and it ends by itself
            log.error("sign-out-not-written")
            session.clear()
        response = _go(url_for(f"{NAME}.leaving"))
        who.forget(response)
        return response

    @made.post("/sign-in/stay")
    def stay() -> Response:
        who.signed_in()
        return make_response("", 204)


def _own_password(made: Blueprint, clinic: Clinic, accounts: Accounts, slow_down: Limiter) -> None:
    @made.get("/sign-in/password")
    def password() -> Response:
        who.signed_in()
        return _password_page()

    @made.post("/sign-in/password")
    def change() -> Response:
        member = who.signed_in()
        slow_down(request, member.account)
        if _field("new") != _field("again"):
            return _password_page("The new password was not typed the same twice.", "again")
        try:
            entry = accounts.change_password(member, _field("old"), _field("new"), now=clinic.now())
        except SignInRefused as refused:
            return _password_page(str(refused), "old")
        except AccountError as error:
            return _password_page(str(error), "new")
        return who.let_in(entry, who.HOME)


def limiter(clinic: Clinic, kind: str = "sign-in", *, times: int = 1) -> Limiter:
    """Counts tries to sign in, by address and by name, over all processes; raises TooManyCalls beyond the setting.

    `times`: how often the setting is the limit of this `kind`.

    The shared store sees hashes: a name may be a password that was typed into the wrong field.
    """
    rate = clinic.settings.sign_ins_per_minute * times
    turnstile = Turnstile(open_store(clinic.settings.shared), rate_per_minute=rate, now=clinic.now)

    def slow_down(asked: Request, name: str) -> None:
        for by, value in (("address", address(asked, clinic.settings)), ("name", name.strip().lower())):
            if value:
                digest = hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
                turnstile.pass_through(f"{kind}-{by}:{digest}")

    return slow_down


def address(asked: Request, settings: Settings) -> str:
    """Where a request comes from: behind a TLS proxy, what the proxy itself wrote last. Of IPv6, the network alone."""
    found = asked.remote_addr or ""
    if settings.behind_tls_proxy:
        found = asked.headers.get("X-Forwarded-For", "").split(",")[-1].strip()[:MAX_FIELD] or found
    try:
        parsed = ipaddress.IPv6Address(found)
        # One subscriber has a whole /64 and could take another address for each try.
        return str(parsed.ipv4_mapped or ipaddress.IPv6Network((int(parsed), 64), strict=False))
    except ValueError:
        return found


def _sign_in_page(settings: Settings, wanted: str | None, *, name: str = "", problem: str | None = None) -> Response:
    provider = settings.oidc_name if settings.oidc_issuer else None
    page = render_template(
        "account/sign-in.html", next=who.safe_next(wanted), name=name[:64], problem=problem, provider=provider
    )
    return make_response(page, 200 if problem is None else 401)


def _password_page(problem: str | None = None, field: str | None = None) -> Response:
    page = render_template("account/password.html", problem=problem, field=field, min_chars=MIN_CHARS)
    return make_response(page, 200 if problem is None else 422)


def _field(name: str) -> str:
    return request.form.get(name, "")[:MAX_FIELD]


def _go(to: str) -> Response:
    return cast("Response", redirect(to, code=303))
