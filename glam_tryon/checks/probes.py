"""Probes at the press of a button: whether Glam takes the key, whether Glam can reach the shop."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from glam_tryon.conf import conf
from glam_tryon.exceptions import DownloadFailed, ResultRefused, SettingError, UnsafeResultURL
from glam_tryon.providers.base import Outcome, Verdict
from glam_tryon.providers.download import fetch_bytes
from glam_tryon.providers.selection import provider_for, with_provider
from glam_tryon.signed_urls import probe_link
from glam_tryon.validators import is_loopback_url


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Outcome of one check: the question, whether it is well, a message, and advice if it is not.

    Neither a key nor a link stands in the message.
    """

    question: str
    is_well: bool
    message: str
    advice: str = ""


#: How long the shop may take to answer itself.
PROBE_SECONDS = 10.0
_MOST_BYTES = 1024


def check_key() -> list[CheckResult]:
    """Ask the provider, for nothing, whether it takes the key."""
    is_well, text, advice = _answer(provider_for().probe())
    return [CheckResult(with_provider(_("Does %(provider)s take the key?")), is_well, text, advice)]


def _answer(outcome: Outcome) -> tuple[bool, str, str]:
    match outcome.code:
        case "bad_key":
            text = with_provider(
                _("No. %(provider)s refuses the key, or there is none that can be sent.")
            )
            return (
                False,
                text,
                with_provider(_("Set API_KEY to the key of your %(provider)s account.")),
            )
        case "no_credits":
            text = _("The key is right, but the account has no credits left.")
            return False, text, _("Top it up, then resume submitting.")
        case "redirected":
            text = with_provider(
                _("%(provider)s's address leads elsewhere, so the key was not sent on.")
            )
            return False, text, _("Check BASE_URL in the settings.")
        case "throttled":
            return (
                False,
                with_provider(_("%(provider)s has too much to do to say.")),
                _("Ask again in a minute."),
            )
    if outcome.verdict is Verdict.OK:
        return True, with_provider(_("Yes. %(provider)s answers.")), ""
    said = outcome.code if outcome.http_status is None else f"{outcome.code}, {outcome.http_status}"
    text = _("Nobody knows: no answer that says so (%(code)s).") % {"code": said}
    return False, text, _("Check BASE_URL and the way out of your network, then ask again.")


def check_public_url() -> list[CheckResult]:
    """Fetch a link as Glam would: from outside in, by the public address."""
    question = _("Can the shop be reached at its public address?")
    if conf.SEND_IMAGES == "upload":
        text = with_provider(
            _("It need not be: pictures are uploaded to %(provider)s (SEND_IMAGES).")
        )
        return [CheckResult(question, True, text)]
    try:
        link, expected = probe_link()
        came = _fetch(link)
    except SettingError:
        text = with_provider(_("There is no public address, so %(provider)s cannot fetch a photo."))
        return [CheckResult(question, False, text, _("Set PUBLIC_BASE_URL."))]
    except UnsafeResultURL:
        text = with_provider(
            _("%(provider)s cannot reach it: it is not https, or it lies inside a private network.")
        )
        return [CheckResult(question, False, text, _("Set PUBLIC_BASE_URL to the public address."))]
    except DownloadFailed as error:
        text = _("It did not answer as it should (%(said)s).") % {"said": _plain(error)}
        advice = _(
            "Look whether the address is right and the proxy lets the app's addresses through. A "
            "shop with a single worker cannot answer itself while it asks."
        )
        return [CheckResult(question, False, text, advice)]
    except ResultRefused as error:
        text = _("Something else answered (%(said)s).") % {"said": error.code}
        return [CheckResult(question, False, text, _("Check PUBLIC_BASE_URL and the proxy."))]
    if came != expected:
        text = _("Something answered, but not this shop: it did not know its own link.")
        return [CheckResult(question, False, text, _("Check PUBLIC_BASE_URL and SECRET_KEY."))]
    host = urlsplit(conf.PUBLIC_BASE_URL).hostname or ""
    if is_loopback_url(conf.PUBLIC_BASE_URL):
        text = with_provider(
            _(
                "Yes, but only on this machine: right for the sandbox, useless for %(provider)s "
                "itself."
            )
        )
        return [CheckResult(question, True, text)]
    text = _(
        "Yes. %(host)s gave what stands behind a signed link, as it would give it to %(provider)s."
    )
    return [CheckResult(question, True, with_provider(text, host=host))]


def _fetch(link: str) -> bytes:
    parts = urlsplit(link)
    port = f":{parts.port}" if parts.port else ""
    return fetch_bytes(
        link,
        result_hosts=[f"{parts.hostname}{port}"],
        allow_loopback=is_loopback_url(conf.BASE_URL),
        read_timeout_seconds=PROBE_SECONDS,
        deadline_seconds=PROBE_SECONDS,
        max_bytes=_MOST_BYTES,
    )


def _plain(error: DownloadFailed) -> str:
    """Return the end of the error's text, a status or a code; the text speaks of results."""
    return str(error).rpartition(" ")[2]
