"""Who comes from elsewhere: by the clinic's OpenID Connect provider, or by a SMART launch from an EHR.

A launch is OAuth too, so both go one way: away with a `state` that this browser alone can bring back once, and back to
one address each. Neither a patient nor a token stands in an address of ours; the case that opens is named by its id.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import NoReturn, cast

import structlog
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, session

from cds_service.accounts.ehrs import Ehr, read_ehrs
from cds_service.accounts.errors import SignInRefused
from cds_service.accounts.federation import Federation, Provider, Vouched
from cds_service.accounts.providers import clinic_identity, clinic_provider, ehr_identity, ehr_provider
from cds_service.accounts.roles import CLINICIANS
from cds_service.accounts.values import Departure, Identity
from cds_service.bootstrap import open_outbound
from cds_service.clinic import Clinic
from cds_service.errors import NotAllowed
from cds_service.outbound import Outbound
from cds_service.review.launched import launched_case
from cds_service.web.site import who
from cds_service.web.site.account import limiter

log = structlog.get_logger()

NAME = "arrival"
BROWSER = "browser"
"""Where the form cookie says which browser this is."""

_LAUNCH = re.compile(r"[\x21-\x7e]{1,2000}")
_PATIENT = re.compile(r"(?:Patient/)?([A-Za-z0-9.-]{1,64})")
_ANSWER = re.compile(r"ans-[0-9a-f]{32}")
_NOT_REGISTERED = "The server that launched this page is not registered here. Tell an administrator."


def blueprint(clinic: Clinic) -> Blueprint:
    """``/sign-in/provider`` and ``/launch``, each with the address to which the browser comes back."""
    made = Blueprint(NAME, __name__)
    arrivals = _Arrivals(clinic)
    slow_down = limiter(clinic, "arrival", times=10)

    @made.before_request
    def bounded() -> None:
        slow_down(request, "")

    @made.get("/sign-in/provider")
    def to_provider() -> Response:
        if arrivals.provider is None:
            abort(404)
        return arrivals.leave(arrivals.provider, "/sign-in/provider/back", who.safe_next(request.args.get("next")), {})

    @made.get("/sign-in/provider/back")
    def from_provider() -> Response:
        departure, vouched = arrivals.come_back("/sign-in/provider/back")
        return arrivals.admit(clinic_identity(vouched, clinic.settings), "openid-connect", departure.next)

    @made.get("/launch")
    def launch() -> Response:
        ehr = arrivals.ehrs.get(request.args.get("iss", "").rstrip("/"))
        context = request.args.get("launch", "")
        if ehr is None or not _LAUNCH.fullmatch(context):
            arrivals.refuse("launch", _NOT_REGISTERED if ehr is None else "This launch names no context. Launch again.")
        extra = {"launch": context, "aud": ehr.iss}
        return arrivals.leave(arrivals.providers[f"smart:{ehr.iss}"], "/launch/back", who.HOME, extra)

    @made.get("/launch/back")
    def landing() -> Response:
        departure, vouched = arrivals.come_back("/launch/back")
        ehr = arrivals.ehrs[departure.provider.removeprefix("smart:")]
        identity = ehr_identity(vouched, ehr, arrivals.outbound)
        return arrivals.admit(identity, "smart-launch", arrivals.case_address(ehr, vouched.context))

    @made.get("/launch/no-case")
    def no_case() -> Response:
        if who.signed_in().role not in CLINICIANS:
            raise NotAllowed("Your role does not open cases.")
        message = "The service holds no case of this patient that waits for a review."
        return _told("No case is open", message, to=who.HOME, label="To the review queue")

    return made


class _Arrivals:
    """The providers of a process, and the steps that both ways share."""

    def __init__(self, clinic: Clinic) -> None:
        settings = clinic.settings
        self._clinic = clinic
        self._accounts = clinic.accounts
        self._vault = clinic.recorder.vault
        ehrs = read_ehrs(settings.smart_file) if settings.smart_file else ()
        self.ehrs: dict[str, Ehr] = {ehr.iss: ehr for ehr in ehrs}
        self.provider = clinic_provider(settings)
        known = [ehr_provider(ehr) for ehr in self.ehrs.values()] + ([self.provider] if self.provider else [])
        self.providers: dict[str, Provider] = {provider.id: provider for provider in known}

    @cached_property
    def outbound(self) -> Outbound:
        """The way out, for a clinic that has a provider."""
        return open_outbound(self._clinic.settings)

    @cached_property
    def _federation(self) -> Federation:
        return Federation(self.outbound, leeway_s=self._clinic.settings.token_leeway_s)

    def leave(self, provider: Provider, back: str, to: str, extra: Mapping[str, str]) -> Response:
        """Send the browser to `provider`."""
        now = self._clinic.now()
        departure = self._federation.departure(provider, to)
        browser = session.setdefault(BROWSER, secrets.token_urlsafe(32))
        state = self._accounts.depart(departure, browser=browser, now=now)
        try:
            address = self._federation.address(provider, departure, state=state, back=self._here(back), extra=extra)
        except SignInRefused as refused:
            self.refuse(refused.reason, str(refused))
        return cast("Response", redirect(address, code=303))

    def come_back(self, back: str) -> tuple[Departure, Vouched]:
        """Where the browser had been sent, and what the provider says of the person."""
        now, asked = self._clinic.now(), request.args
        try:
            departure = self._accounts.arrive(asked.get("state", ""), browser=session.get(BROWSER, ""), now=now)
        except SignInRefused as refused:
            _refusal_page(refused)
        provider = self.providers.get(departure.provider)
        if provider is None or (back == "/launch/back") != departure.provider.startswith("smart:"):
            self.refuse("provider", "This sign-in began at another service. Begin again.")
        if "code" not in asked:
            self.refuse("provider-error", "The sign-in service did not let you in, or you went back.")
        try:
            vouched = self._federation.vouched(
                provider, departure, code=asked["code"], back=self._here(back), iss=asked.get("iss"), now=now
            )
        except SignInRefused as refused:
            self.refuse(refused.reason, str(refused))
        return departure, vouched

    def admit(self, identity: Identity, how: str, to: str) -> Response:
        """Let somebody in who is vouched for."""
        try:
            entry = self._accounts.admit(identity, how, now=self._clinic.now(), former=who.token())
        except SignInRefused as refused:
            _refusal_page(refused)
        return who.let_in(entry, to)

    def case_address(self, ehr: Ehr, context: Mapping[str, object]) -> str:
        """The page of the case that the launch is about."""
        patient, answer = context.get("patient"), context.get("appContext")
        named = _PATIENT.fullmatch(patient) if isinstance(patient, str) else None
        if named is None:
            return who.HOME
        followed = answer if isinstance(answer, str) and _ANSWER.fullmatch(answer) else None
        with self._clinic.recorder.database.transaction(write=False) as tx:
            case = launched_case(tx, self._vault, client=ehr.client, patient=named[1], answer=followed)
        return "/launch/no-case" if case is None else f"/review/cases/{case.id}"

    def refuse(self, reason: str, message: str) -> NoReturn:
        """Nobody is let in: audited, and told."""
        self._accounts.refused(reason, now=self._clinic.now())
        _refusal_page(SignInRefused(reason, message))

    def _here(self, path: str) -> str:
        return f"{self._clinic.settings.external_url}{path}"


def _refusal_page(refused: SignInRefused) -> NoReturn:
    log.warning("sign-in-refused", reason=refused.reason)
    page = _told("You are not signed in", str(refused), to="/sign-in", label="To the sign-in page")
    page.status_code = 403
    abort(page)


def _told(title: str, message: str, *, to: str, label: str) -> Response:
    return make_response(render_template("account/told.html", title=title, message=message, to=to, label=label))
