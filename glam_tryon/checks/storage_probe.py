"""Probe of the storage: a tiny object is written, read, fetched without a signature and deleted."""

from __future__ import annotations

import logging
import secrets
from urllib.parse import urljoin, urlsplit, urlunsplit

from django.utils.translation import gettext as _

from glam_tryon.checks.probes import CheckResult
from glam_tryon.conf import conf
from glam_tryon.exceptions import FileUnavailable
from glam_tryon.files import delete_file, is_stored, read_stored, url_of
from glam_tryon.providers.connections import Exchange
from glam_tryon.providers.http import Answer, get
from glam_tryon.tracked_files import abandon, announce, save_noted

logger = logging.getLogger("glam_tryon.checks")

#: How long each question to the storage's own address may take.
LINK_SECONDS = 10.0
_CONTENT = b"glam_tryon storage check"


def check_storage() -> list[CheckResult]:
    """Write, read, link and delete; what breaks ends it, but for the deletion."""
    results: list[CheckResult] = []
    saved = ""
    question = _("Can it write?")
    note = announce(f"{conf.PREFIX}/check-{secrets.token_hex(8)}.txt")
    try:
        save_noted(note, _CONTENT)
        saved = note.name
        results.append(CheckResult(question, True, _("Yes.")))
        question = _("Can it read?")
        results.append(_read(saved, question))
        question = _("Who can open a picture by its address?")
        results.append(_link(saved, question))
    except (FileUnavailable, ValueError) as error:  # requests' word for a URL that is none
        results.append(_broken(error, question))
    if saved:
        results.append(_delete(saved))
    abandon(note)
    return results


def _read(name: str, question: str) -> CheckResult:
    if read_stored(name) == _CONTENT:
        return CheckResult(question, True, _("Yes, and it is what was written."))
    advice = _("Look for what changes files on their way: a proxy, a compression, a rule.")
    return CheckResult(question, False, _("What came back is not what was written."), advice)


def _link(name: str, question: str) -> CheckResult:
    url = url_of(name)
    if url is None:
        return CheckResult(
            question, True, _("Nobody: it has no address. The shop itself shows it.")
        )
    parts = urlsplit(urljoin(f"{conf.PUBLIC_BASE_URL}/", url))
    if parts.scheme not in ("http", "https"):
        text = _("That cannot be asked without PUBLIC_BASE_URL.")
        return CheckResult(question, False, text, _("Set PUBLIC_BASE_URL, then ask again."))
    unsigned = _opens(urlunsplit((*parts[:3], "", "")))
    if unsigned is None:
        return _unclear(question)
    if unsigned:
        text = _("Everybody, for ever: the storage is public, and so are shoppers' photos.")
        return CheckResult(question, False, text, _("Make the bucket or the folder private now."))
    if not parts.query:
        return CheckResult(question, True, _("Nobody by the address alone."))
    signed = _opens(parts.geturl())
    if signed is None:
        return _unclear(question)
    if not signed:
        text = _("Nobody, not even with a signed link.")
        advice = _("Check the region, the endpoint and the clock of this machine.")
        return CheckResult(question, False, text, advice)
    return CheckResult(question, True, _("Only who has a signed link, until it expires."))


def _unclear(question: str) -> CheckResult:
    text = _("That cannot be told: the address says neither yes nor no.")
    return CheckResult(question, False, text, _("Look whether the address is right."))


#: What a storage answers when it does not show an object.
_CLOSED = (401, 403, 404)


def _opens(url: str) -> bool | None:
    """Say whether the object comes back from ``url``. No log holds it.

    None: that cannot be told. Behind a redirect, an error or other bytes it may be public.
    """
    exchange = Exchange(LINK_SECONDS, LINK_SECONDS, LINK_SECONDS, quiet=True)
    heard = get(url, exchange, max_body_bytes=len(_CONTENT) + 1)
    if not isinstance(heard, Answer):
        return None
    if heard.status == 200 and heard.body == _CONTENT:
        return True
    return False if heard.status in _CLOSED else None


def _delete(name: str) -> CheckResult:
    question = _("Can it delete?")
    try:
        delete_file(name)
        gone = not is_stored(name)
    except FileUnavailable as error:
        return _broken(error, question)
    if gone:
        return CheckResult(question, True, _("Yes."))
    text = _("No: it says yes, and the object is still there.")
    return CheckResult(question, False, text, _("Without that no photo is ever deleted."))


def _broken(error: Exception, question: str) -> CheckResult:
    """Tell what broke by its name alone: the text of such errors may hold an address or a key."""
    logger.error("the storage check broke: %s", question, exc_info=error)
    raised = error.__cause__ or error
    facts = getattr(raised, "response", None)
    code = facts.get("Error", {}).get("Code", "") if isinstance(facts, dict) else ""
    said = f"{type(raised).__name__} {code}".strip()
    text = _("No: %(said)s.") % {"said": said}
    advice = _("Check STORAGES and the rights of the storage's user; the log has the whole error.")
    return CheckResult(question, False, text, advice)
