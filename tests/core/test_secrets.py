"""The API key in what Django shows and mails of an error: nowhere, however the key is given."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import django
import pytest
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from glam_tryon.conf import conf
from glam_tryon.models import Account, TryOnJob
from glam_tryon.providers.api_key import api_key
from glam_tryon.providers.glam.client import GlamClient
from glam_tryon.providers.selection import provider_for
from glam_tryon.sandbox import Sandbox
from glam_tryon.validators import Secret
from glam_tryon.worker.poller import Poller

KEY = "very-secret-key-0042"
WHAT = {"photo_url": "https://a/p.jpg", "garment_url": "https://a/g.jpg", "mask_type": "upper"}


@pytest.fixture(params=["text", "callable"])
def keyed(request: pytest.FixtureRequest, settings: Any) -> None:
    """A key as the shop may give it."""
    key = KEY if request.param == "text" else lambda: KEY
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "API_KEY": key}


def shown_of(error: BaseException) -> list[str]:
    """Return what Django's pages and mails, and a traceback with variables, say of an error."""
    reporter = ExceptionReporter(None, type(error), error, error.__traceback__)
    variables = traceback.TracebackException.from_exception(error, capture_locals=True)
    return [
        reporter.get_traceback_html(),
        reporter.get_traceback_text(),
        "".join(variables.format()),
    ]


# The type.


def test_a_secret_is_its_text_and_shows_stars() -> None:
    secret = Secret(KEY)
    assert secret == KEY
    assert Secret(secret) == KEY
    assert hash(secret) == hash(KEY)
    assert secret.encode() == KEY.encode()
    assert [repr(secret), str(secret), f"{secret}", f"{secret:>30}", "%s" % secret] == [  # noqa: UP031
        "'***'", "***", "***", "***", "***",
    ]  # fmt: skip
    assert repr({"X-API-Key": secret}) == "{'X-API-Key': '***'}"
    assert KEY not in repr(pickle.loads(pickle.dumps(secret)))


def test_the_key_is_a_secret_wherever_it_is_read(keyed: None) -> None:
    assert (api_key(), repr(api_key())) == (KEY, "'***'")
    assert KEY not in repr(conf.API_KEY)
    assert KEY not in repr(vars(provider_for()))
    assert KEY not in repr(vars(GlamClient(api_key=KEY, base_url="https://api.glam.ai/api/v1")))


# What Django shows.


def test_a_dump_of_the_settings_has_stars_for_the_key(keyed: None) -> None:
    dump = SafeExceptionReporterFilter().get_safe_settings()
    assert dump["GLAM_TRYON"]["API_KEY"] == SafeExceptionReporterFilter.cleansed_substitute
    assert dump["GLAM_TRYON"]["BASE_URL"] == conf.BASE_URL
    assert KEY not in repr(dump)


def test_an_error_within_the_request_to_glam_shows_no_key(
    keyed: None, settings: Any, unused_server: str
) -> None:
    settings.DEBUG = True
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "BASE_URL": unused_server}

    def broken() -> bool:
        raise RuntimeError("the database went away in the last look")

    with pytest.raises(RuntimeError) as caught:
        provider_for().submit(**WHAT, before_write=broken)
    shown = shown_of(caught.value)
    assert all("the database went away" in text for text in shown)
    assert "_ask" in shown[2]
    assert not any(KEY in text for text in shown)


@pytest.fixture
def unused_server() -> Iterator[str]:
    with Sandbox() as sandbox:
        yield sandbox.base_url


@pytest.mark.django_db
def test_an_error_while_the_key_is_at_hand_is_mailed_without_it(
    keyed: None,
    settings: Any,
    glam: Sandbox,
    order: Callable[..., TryOnJob],
    monkeypatch: pytest.MonkeyPatch,
    mailoutbox: list[Any],
) -> None:
    ada = "ada@example.com"
    settings.ADMINS = [ada if django.VERSION >= (6, 0) else ("Ada", ada)]
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "API_KEY": f"{KEY} wrong"}

    def pause(code: str, detail: str, key: str) -> bool:
        raise RuntimeError("as the key is written down")

    monkeypatch.setattr(Account, "pause", pause)
    handler = AdminEmailHandler(include_html=True)
    logger = logging.getLogger("glam_tryon.worker")
    logger.addHandler(handler)
    try:
        order()
        Poller().run(once=True)
    finally:
        logger.removeHandler(handler)
    said = [str(message.message()) for message in mailoutbox]
    said += [alternative[0] for message in mailoutbox for alternative in message.alternatives]
    assert any("as the key is written down" in text for text in said)
    assert not any(KEY in text for text in said)


def test_a_vault_that_breaks_shows_no_key(settings: Any) -> None:
    def vault() -> str:
        unsealed = Secret(KEY)
        raise OSError(f"the vault is sealed, {len(unsealed)}")

    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "API_KEY": vault}
    with pytest.raises(ValueError, match="the callable raised OSError") as caught:
        api_key()
    assert not any(KEY in text for text in shown_of(caught.value))
