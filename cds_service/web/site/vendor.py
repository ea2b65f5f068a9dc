"""Takes from npm packages what the pages use of them, so that no page needs a build step or another machine.

    npm pack @uswds/uswds@3.14.0 htmx.org@2.0.11
    python -m cds_service.web.site.vendor FOLDER_OF_THE_PACKAGES

Of USWDS that is the styles of the components below, the pictures that these name, two weights of Source Sans Pro and a
few icons; of htmx its script. ``vendor/VENDORED.json`` says what came from where, under which licence, with checksums.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
VENDOR = HERE / "static" / "vendor"

USWDS = "uswds-uswds-3.14.0.tgz"
HTMX = "htmx.org-2.0.11.tgz"

COMPONENTS = (
    "alert", "button", "button-group", "checkbox", "error-message", "fieldset", "focus", "form", "form-group", "hint",
    "icon", "input", "input-group", "input-prefix", "input-suffix", "label", "legend", "link", "list", "pagination",
    "radio", "select", "skipnav", "sr-only", "summary-box", "table", "table-container", "tag", "textarea",
)  # fmt: skip
"""Components of USWDS whose styles are kept, with their parts and variants."""

LAYOUT_CLASS = re.compile(r"(?:tablet:|desktop:)?grid-(?:container|row|col|gap|offset)[\w-]*")
"""Its grid is kept; its other utility classes are not."""

ICONS = (
    "add", "arrow_back", "arrow_downward", "arrow_forward", "arrow_upward", "assessment", "cancel", "check",
    "check_circle", "close", "error", "event", "flag", "help", "history", "hourglass_empty", "info", "insights",
    "keyboard", "launch", "lightbulb", "list", "local_hospital", "lock", "logout", "mail", "medical_services",
    "notifications_active", "people", "person", "print", "priority_high", "remove_circle", "schedule", "science",
    "settings", "shield", "trending_down", "trending_up", "visibility", "visibility_off", "warning",
)  # fmt: skip

FONTS = ("sourcesanspro-regular-webfont.woff2", "sourcesanspro-bold-webfont.woff2")

_CLASS = re.compile(r"\.((?:\\.|[\w-])+)")
_UNUSED_AT = ("@font-face", "@charset", "@import")
_PICTURE = re.compile(r"url\(\.\./img/([^)]+)\)")
_PATH = re.compile(r'd="([^"]+)"')


def subset(css: str) -> str:
    """The rules of `css` that the pages may use. Rules for bare elements stay."""
    kept = []
    for head, body in _rules(css):
        if head.startswith(_UNUSED_AT):
            continue
        if head.startswith(("@media", "@supports")):
            inner = subset(body)
            kept += [f"{head}{{{inner}}}"] if inner else []
        elif head.startswith("@"):
            kept.append(f"{head}{{{body}}}")
        else:
            selectors = [s for s in _split(head) if _is_used(s)]
            kept += [f"{','.join(selectors)}{{{body}}}"] if selectors else []
    return "".join(kept)


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Each rule as its head and what stands between its braces."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    start = depth = opened = 0
    for place, sign in enumerate(css):
        if sign == "{":
            opened = place if depth == 0 else opened
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                yield css[start:opened].strip(), css[opened + 1 : place]
                start = place + 1
        elif sign == ";" and depth == 0:
            start = place + 1


def _split(head: str) -> list[str]:
    """The selectors of a list; commas inside brackets divide nothing."""
    parts, depth, last = [], 0, 0
    for place, sign in enumerate(head):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            parts.append(head[last:place])
            last = place + 1
    return [*parts, head[last:]]


def _is_used(selector: str) -> bool:
    return all(_class_is_used(name.replace("\\", "")) for name in _CLASS.findall(selector))


def _class_is_used(name: str) -> bool:
    if not name.startswith("usa-"):
        return bool(LAYOUT_CLASS.fullmatch(name))
    return re.split(r"--|__", name.removeprefix("usa-"))[0] in COMPONENTS


def _icons(package: tarfile.TarFile) -> bytes:
    """What draws each icon, by name."""
    drawn = {name: _read(package, f"package/dist/img/usa-icons/{name}.svg").decode() for name in ICONS}
    paths = {name: " ".join(p for p in _PATH.findall(svg) if p != "M0 0h24v24H0z") for name, svg in drawn.items()}
    return (json.dumps(paths, indent=0) + "\n").encode()


def _read(package: tarfile.TarFile, name: str) -> bytes:
    found = package.extractfile(name)
    if found is None:
        raise FileNotFoundError(name)
    return found.read()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main(packages: Path) -> None:
    """Write the vendored files out of the npm packages in the folder `packages`."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    with tarfile.open(packages / USWDS) as uswds, tarfile.open(packages / HTMX) as htmx:
        styles = subset(_read(uswds, "package/dist/css/uswds.min.css").decode())
        pictures = sorted(set(_PICTURE.findall(styles)))
        files = {
            "uswds.css": styles.replace("../img/", "img/").encode(),
            **{f"img/{name}": _read(uswds, f"package/dist/img/{name}") for name in pictures},
            "uswds-LICENSE.md": _read(uswds, "package/LICENSE.md"),
            "icons.json": _icons(uswds),
            "htmx.min.js": _read(htmx, "package/dist/htmx.min.js"),
            "htmx-LICENSE.txt": _read(htmx, "package/LICENSE"),
            **{name: _read(uswds, f"package/dist/fonts/source-sans-pro/{name}") for name in FONTS},
        }
    for name, content in files.items():
        (VENDOR / name).parent.mkdir(parents=True, exist_ok=True)
        (VENDOR / name).write_bytes(content)
    listed = {
        "packages": [
            {
                "name": "@uswds/uswds",
                "version": "3.14.0",
                "sha256": _digest((packages / USWDS).read_bytes()),
                "licence": "public domain (CC0 1.0); Source Sans Pro: SIL Open Font License 1.1; icons: Apache 2.0",
            },
            {
                "name": "htmx.org",
                "version": "2.0.11",
                "sha256": _digest((packages / HTMX).read_bytes()),
                "licence": "Zero-Clause BSD",
            },
        ],
        "files": {name: _digest(content) for name, content in files.items()},
    }
    (VENDOR / "VENDORED.json").write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
