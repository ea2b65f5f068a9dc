"""The policy as a page for people."""

from __future__ import annotations

from anonymization.policy import Policy, packaged_policy

_HEAD = """# De-identification policy: {name}, version {version}

What may pass the gate, path by path. Anything that has no line here is dropped. `keep`: the value passes as it is;
`generalise`: a coarser value passes; `scrub`: free text passes after every identifier in it was replaced; `replace`: a
fixed word stands for it; `drop`: nothing passes. The clause names the identifiers of 45 CFR 164.514(b)(2)(i) that the
line deals with.

| path | action | clause | why |
|---|---|---|---|
"""


def policy_page(policy: Policy | None = None) -> str:
    """Markdown that lists every line of the policy."""
    policy = policy or packaged_policy()
    rows = (f"| `{line.path}` | {line.action} | {line.clause} | {line.why} |" for line in policy.lines.values())
    return _HEAD.format(name=policy.name, version=policy.version) + "\n".join(rows) + "\n"
