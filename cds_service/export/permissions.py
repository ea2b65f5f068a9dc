"""Who may do what to an order: `check_…` raises NotPermitted with plain words, its twin answers yes or no.

| | the officer who ordered it | another compliance officer | others |
|---|---|---|---|
| see orders, order | yes | yes | no |
| stop, go on, preview again, withdraw | yes | yes | no |
| approve, refuse | no | yes | no |
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cds_service.accounts.roles import Member, Role
from cds_service.errors import NotAllowed
from cds_service.export.errors import NotPermitted
from cds_service.export.ordered import Ordered
from cds_service.export.states import NEXT, State


def check_may_see(member: Member) -> None:
    """Exports are for compliance officers. Raises NotPermitted."""
    if member.role is not Role.COMPLIANCE:
        raise NotPermitted("Exports are open to compliance officers only.")


def may_see(member: Member) -> bool:
    """Whether `member` may see exports and order one."""
    return member.role is Role.COMPLIANCE


def check_may_judge(ordered: Ordered, member: Member) -> None:
    """A second person approves or refuses. Raises NotPermitted."""
    check_may_see(member)
    if member.account == ordered.ordered_by:
        raise NotPermitted("You ordered this export, so another compliance officer decides about it.")
    if ordered.state is not State.AWAITING:
        raise NotPermitted("The export does not wait for an approval.")


def may_judge(ordered: Ordered, member: Member) -> bool:
    """Whether `member` may approve or refuse `ordered` now."""
    return _allowed(check_may_judge, ordered, member)


def check_may_withdraw(ordered: Ordered, member: Member, now: datetime) -> None:
    """Raises NotPermitted."""
    check_may_see(member)
    if State.WITHDRAWN not in NEXT[ordered.state]:
        raise NotPermitted("The export is closed: there is nothing to withdraw.")
    if ordered.busy(now):
        raise NotPermitted("The export is being worked on. Stop it, wait a minute, then withdraw it.")


def may_withdraw(ordered: Ordered, member: Member, now: datetime) -> bool:
    """Whether `member` may withdraw `ordered` now."""
    return _allowed(lambda o, m: check_may_withdraw(o, m, now), ordered, member)


def check_may_stop(ordered: Ordered, member: Member) -> None:
    """Raises NotPermitted."""
    check_may_see(member)
    if State.STOPPED not in NEXT[ordered.state]:
        raise NotPermitted("The export does not run, so there is nothing to stop.")


def may_stop(ordered: Ordered, member: Member) -> bool:
    """Whether `member` may stop `ordered` now."""
    return _allowed(check_may_stop, ordered, member)


def check_may_go_on(ordered: Ordered, member: Member) -> None:
    """Raises NotPermitted."""
    check_may_see(member)
    if ordered.state is not State.STOPPED:
        raise NotPermitted("The export was not stopped.")


def may_go_on(ordered: Ordered, member: Member) -> bool:
    """Whether `member` may let `ordered` go on."""
    return _allowed(check_may_go_on, ordered, member)


def check_may_preview_again(ordered: Ordered, member: Member) -> None:
    """Raises NotPermitted."""
    check_may_see(member)
    if ordered.state is not State.AWAITING:
        raise NotPermitted("Only an export that waits for its approval is previewed again.")


def may_preview_again(ordered: Ordered, member: Member) -> bool:
    """Whether `member` may have the preview made again."""
    return _allowed(check_may_preview_again, ordered, member)


def _allowed(check: Callable[[Ordered, Member], None], ordered: Ordered, member: Member) -> bool:
    try:
        check(ordered, member)
    except NotAllowed:
        return False
    return True
