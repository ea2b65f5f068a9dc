"""Who may do what to a case: `check_…` raises NotPermitted with plain words, its twin answers yes or no.

| | nurse | physician | others |
|---|---|---|---|
| see the queue, a case, its chart | yes | yes | no |
| confirm, raise | yes | yes | no |
| lower Medium to Low, dismiss up to Medium | yes | yes | no |
| lower or dismiss High and Critical | no | yes | no |
| acknowledge for the physicians | no | yes | no |
"""

from __future__ import annotations

from collections.abc import Callable

from cds_service.accounts.roles import CLINICIANS, Member, Role
from cds_service.domain import Priority
from cds_service.errors import NotAllowed
from cds_service.review.errors import NotPermitted
from cds_service.review.states import ANSWER_AWAITED, Reviewing
from cds_service.review.values import Decision, ReviewCase, Verdict


def check_may_see(member: Member) -> None:
    """Charts and cases are for clinicians. Raises NotPermitted."""
    check_role_may_see(member.role)


def check_role_may_see(role: Role) -> None:
    """The same for a role. Raises NotPermitted."""
    if role not in CLINICIANS:
        raise NotPermitted("Cases are open to nurses and physicians only.")


def may_see(member: Member) -> bool:
    """Whether `member` may see cases and charts."""
    return member.role in CLINICIANS


def check_may_decide(case: ReviewCase, member: Member) -> None:
    """A clinician decides a case that waits for one. Raises NotPermitted."""
    check_may_see(member)
    if case.reviewing.decided:
        raise NotPermitted("The case is decided. A new finding opens a new case.")
    if case.reviewing is not Reviewing.AWAITING:
        raise NotPermitted("The case does not ask for a decision: there is no finding and no assessment to review.")


def may_decide(case: ReviewCase, member: Member) -> bool:
    """Whether `member` may decide `case` in some way."""
    return _allowed(check_may_decide, case, member)


def check_may_lower(case: ReviewCase, member: Member) -> None:
    """Who may give `case` less than its priority, or dismiss it. Raises NotPermitted."""
    check_may_decide(case, member)
    if case.priority >= Priority.HIGH and member.role is not Role.PHYSICIAN:
        raise NotPermitted(
            "Only a physician may lower or dismiss a High or Critical case. Confirm it, or ask a physician."
        )


def may_lower(case: ReviewCase, member: Member) -> bool:
    """Whether `member` may lower or dismiss `case`."""
    return _allowed(check_may_lower, case, member)


def check_may_take(case: ReviewCase, decision: Decision, member: Member) -> None:
    """Whether this very decision may be taken. Raises NotPermitted."""
    check_may_decide(case, member)
    lowers = decision.priority is not None and decision.priority < case.priority
    if lowers or decision.verdict is Verdict.DISMISS:
        check_may_lower(case, member)


def check_may_acknowledge(case: ReviewCase, member: Member) -> None:
    """A physician acknowledges what physicians were called for. Raises NotPermitted."""
    if member.role is not Role.PHYSICIAN:
        raise NotPermitted("Only a physician acknowledges a notification.")
    if case.informing not in ANSWER_AWAITED:
        raise NotPermitted("No physician is being called for this case.")


def may_acknowledge(case: ReviewCase, member: Member) -> bool:
    """Whether `member` may acknowledge `case` now."""
    return _allowed(check_may_acknowledge, case, member)


def _allowed(check: Callable[[ReviewCase, Member], None], case: ReviewCase, member: Member) -> bool:
    try:
        check(case, member)
    except NotAllowed:
        return False
    return True
