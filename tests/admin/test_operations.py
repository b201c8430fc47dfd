"""The operations page: its switches, its three checks, and the banner while something is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from example_project.demo_s3 import Bucket
from example_project.storage import private_bucket
from glam_tryon.checks import storage_probe
from glam_tryon.checks import storage_probe as storage_check
from glam_tryon.checks.probes import check_key, check_public_url
from glam_tryon.checks.storage_probe import check_storage
from glam_tryon.limits import availability as switch
from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.providers.http import Answer, Silence
from glam_tryon.providers.selection import provider_for
from glam_tryon.sandbox import Sandbox
from glam_tryon.signed_urls import probe_link
from tests.admin.staff import staff

pytestmark = pytest.mark.django_db

BOARD = "/admin/glam_tryon/account/"
INDEX = "/admin/"


@pytest.fixture
def poller_works() -> None:
    Account.load()
    Account.rows().update(last_round_at=DatabaseNow())


def page(client: Client, address: str = BOARD) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def pressed(client: Client, address: str, **given: str) -> str:
    answer = client.post(f"{BOARD}{address}", given, follow=True)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def banner(client: Client, address: str = INDEX) -> list[str]:
    html = page(client, address)
    found = re.findall(r'<li class="glam-tryon-\w+ error">(.*?)</li>', html, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", each).strip() for each in found]


# Switches.


@pytest.mark.parametrize("address", ["turn/stop/", "turn/forget/", "check/key/", "budget/"])
def test_nothing_is_switched_or_asked_by_a_get(admin_client: Client, address: str) -> None:
    assert admin_client.get(BOARD + address).status_code == 405


@pytest.mark.parametrize(
    ("permissions", "answers"),
    [
        ((), (403, 403, 403)),
        (("view_account",), (403, 403, 403)),
        (("view_account", "change_account"), (302, 200, 403)),
        (("view_account", "change_budget"), (403, 403, 302)),
    ],
)
def test_each_switch_asks_for_its_own_permission(
    permissions: tuple[str, ...], answers: tuple[int, ...]
) -> None:
    client = staff(*permissions)
    codes = [
        client.post(BOARD + address).status_code
        for address in ("turn/stop/", "check/storage/", "budget/")
    ]
    assert tuple(codes) == answers


def test_who_may_only_look_finds_no_button(poller_works: None) -> None:
    main = page(staff("view_account")).partition('class="glam-tryon-dashboard"')[2]
    assert "Stopped" not in main
    assert "<button" not in main


def test_all_try_ons_are_stopped_and_let_go_on(admin_client: Client, poller_works: None) -> None:
    html = pressed(admin_client, "turn/stop/", why="a wrong picture")
    assert "All try-ons are stopped. What Glam has is finished." in html
    assert "Stopped by admin" in html
    assert "a wrong picture" in html
    assert switch.is_stopped()
    assert "Try-ons go on." in pressed(admin_client, "turn/go-on/")
    assert not switch.is_stopped()


def test_failures_are_forgotten_by_hand(admin_client: Client, poller_works: None) -> None:
    later = timezone.now() + timedelta(minutes=5)
    assert "Forget the failures" not in page(admin_client)
    Account.rows().update(
        breaker_failures=7,
        breaker_until=later,
        throttled_until=later,
        effective_cap=1,
        polls_cap=12.5,
        polls_cap_changed_at=timezone.now(),
    )
    html = page(admin_client)
    assert "Forget the failures" in html
    assert "Questions a second that Glam allows now" in html
    assert "12.5" in html
    assert "with all slots" in pressed(admin_client, "turn/forget/")
    state = Account.load()
    assert state.rests(timezone.now()) == ""
    assert (state.breaker_failures, state.effective_cap, state.polls_cap) == (0, None, None)
    assert "Questions a second" not in page(admin_client)


def test_a_switch_that_there_is_not_is_not_found(admin_client: Client) -> None:
    assert admin_client.post(f"{BOARD}turn/everything/").status_code == 404
    assert admin_client.post(f"{BOARD}check/everything/").status_code == 404


def test_the_budget_is_shown_and_set_and_taken_back(admin_client: Client) -> None:
    assert "0 generations" in page(admin_client)
    html = pressed(admin_client, "budget/", day_generations="12", month_money="40.50")
    assert "The budget is changed." in html
    assert re.search(r"<td>12 generations</td>\s*<td>12</td>", html)
    row = Account.load()
    assert (row.day_generations, row.day_money, str(row.month_money)) == (12, None, "40.50")
    assert row.budget_changed_by == "admin"
    pressed(admin_client, "budget/")
    assert Account.load().day_generations is None


def test_a_wrong_budget_changes_nothing_and_is_explained(admin_client: Client) -> None:
    html = pressed(admin_client, "budget/", day_generations="-3", month_generations="9")
    assert "errorlist" in html
    assert "<details open>" in html
    assert Account.load().month_generations is None


# Does Glam take the key?


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    with Sandbox(seconds_per_tryon=0.0, max_parallel=1, seed=7) as running:
        settings.GLAM_TRYON = {
            **settings.GLAM_TRYON,
            "API_KEY": "sandbox-key",
            "BASE_URL": running.base_url,
        }
        yield running


def test_a_right_key_is_taken_and_nothing_is_bought(admin_client: Client, sandbox: Sandbox) -> None:
    html = pressed(admin_client, "check/key/")
    assert "Yes. Glam answers." in html
    assert "sandbox-key" not in html
    assert not sandbox.accepted


def test_a_wrong_key_is_refused_in_words(settings: Any, sandbox: Sandbox) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "API_KEY": "another"}
    (result,) = check_key()
    assert not result.is_well
    assert "refuses the key" in result.message
    assert "API_KEY" in result.advice


def test_no_answer_is_no_verdict_on_the_key(settings: Any) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "BASE_URL": "http://127.0.0.1:9/api/v1"}
    (result,) = check_key()
    assert (result.is_well, result.message) == (
        False,
        "Nobody knows: no answer that says so (connect_failed).",
    )
    provider_for().close()


# Does the storage work?


def questions() -> dict[str, tuple[bool, str]]:
    return {result.question: (result.is_well, result.message) for result in check_storage()}


@contextmanager
def kept_in(settings: Any, backend: Any, **options: Any) -> Iterator[None]:
    settings.STORAGES = {
        **settings.STORAGES,
        "glam_tryon": {"BACKEND": backend, "OPTIONS": options},
    }
    yield


PRIVATE = "django.core.files.storage.FileSystemStorage"


class Forgetful(FileSystemStorage):
    """Says that it deleted what it keeps, and gives back what nobody wrote."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        Path(self.path(name)).write_bytes(b"something else")
        return super()._open(name, mode)

    def delete(self, name: str) -> None:
        """Do nothing."""


class Full(FileSystemStorage):
    """A disk on which there is no room."""

    def _save(self, name: str, content: Any) -> str:
        raise OSError("no space left on https://key@bucket")


class Addressless(FileSystemStorage):
    """Knows no address of what it keeps."""

    def url(self, name: str | None) -> str:
        raise ValueError("no address")


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        (PRIVATE, "Nobody by the address alone."),
        (f"{__name__}.Addressless", "Nobody: it has no address. The shop itself shows it."),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_private_folder_keeps_shows_and_deletes(
    admin_client: Client,
    settings: Any,
    live_server: Any,
    tmp_path: Path,
    backend: str,
    words: str,
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PUBLIC_BASE_URL": live_server.url}
    with kept_in(settings, backend, location=tmp_path, base_url="/private/"):
        html = pressed(admin_client, "check/storage/")
    assert "Yes, and it is what was written." in html
    assert words in html
    assert len(re.findall(r"is-ready[^>]*>\s*well", html)) == 4
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_an_address_that_does_not_answer_proves_nothing(settings: Any, tmp_path: Path) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PUBLIC_BASE_URL": "http://127.0.0.1:9"}
    with kept_in(settings, PRIVATE, location=tmp_path, base_url="/private/"):
        is_well, words = questions()["Who can open a picture by its address?"]
    assert (is_well, words) == (False, "That cannot be told: the address says neither yes nor no.")


CLOSED = "Nobody by the address alone."
UNCLEAR = "That cannot be told: the address says neither yes nor no."
EVERYBODY = "Everybody, for ever: the storage is public, and so are shoppers' photos."


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        *((Answer(status, b""), CLOSED) for status in (401, 403, 404)),
        (Answer(200, storage_probe._CONTENT), EVERYBODY),
        # A public object may stand behind each of these.
        *((Answer(status, b""), UNCLEAR) for status in (301, 302, 307, 400, 429, 500, 503)),
        (Answer(200, None, "encoding"), UNCLEAR),
        (Answer(200, b"a page of the web server's"), UNCLEAR),
        (Silence(False, "connect_failed"), UNCLEAR),
    ],
    ids=lambda given: str(getattr(given, "status", "")),
)
def test_only_a_refusal_proves_that_a_storage_is_private(
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer | Silence,
    words: str,
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PUBLIC_BASE_URL": "https://shop.example.com"}
    monkeypatch.setattr(storage_probe, "get", lambda *_url, **_options: answer)
    with kept_in(settings, PRIVATE, location=tmp_path, base_url="/private/"):
        is_well, message = questions()["Who can open a picture by its address?"]
    assert (is_well, message) == (words == CLOSED, words)


def test_what_a_storage_does_not_do_is_told(settings: Any, tmp_path: Path) -> None:
    with kept_in(settings, f"{__name__}.Forgetful", location=tmp_path, base_url=None):
        found = questions()
    assert found["Can it read?"] == (False, "What came back is not what was written.")
    assert found["Can it delete?"] == (
        False,
        "No: it says yes, and the object is still there.",
    )


def test_a_full_disk_is_named_without_its_address(settings: Any, tmp_path: Path) -> None:
    with kept_in(settings, f"{__name__}.Full", location=tmp_path):
        assert questions() == {"Can it write?": (False, "No: OSError.")}


@pytest.mark.django_db(transaction=True)
def test_a_folder_that_the_web_server_shows_to_everybody_is_told(
    settings: Any, live_server: Any
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PUBLIC_BASE_URL": live_server.url}
    # The test's server shows MEDIA_ROOT, as a shop's web server would.
    with kept_in(settings, PRIVATE, location=settings.MEDIA_ROOT, base_url=settings.MEDIA_URL):
        is_well, words = questions()["Who can open a picture by its address?"]
    assert not is_well
    assert words.startswith("Everybody")


@pytest.mark.s3
def test_a_private_bucket_opens_to_a_signed_link_only(
    settings: Any, s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    settings.STORAGES = {**settings.STORAGES, "glam_tryon": private_bucket(s3.name)}
    found = questions()
    assert found["Who can open a picture by its address?"] == (
        True,
        "Only who has a signed link, until it expires.",
    )
    assert all(is_well for is_well, _words in found.values())


# Can Glam reach the shop?


@pytest.fixture
def public(settings: Any) -> Callable[..., None]:
    def public(address: str, base: str = "http://127.0.0.1:9/api/v1") -> None:
        settings.GLAM_TRYON = {
            **settings.GLAM_TRYON,
            "PUBLIC_BASE_URL": address,
            "BASE_URL": base,
        }

    return public


@pytest.mark.django_db(transaction=True)
def test_a_shop_that_answers_its_own_link_is_reached(
    admin_client: Client, live_server: Any, public: Callable[..., None]
) -> None:
    public(live_server.url)
    html = pressed(admin_client, "check/address/")
    assert "Yes, but only on this machine" in html
    assert probe_link()[0].partition("/probe/")[0] + "/probe/" not in html


@pytest.mark.django_db(transaction=True)
def test_loopback_is_refused_when_glam_itself_is_elsewhere(
    live_server: Any, public: Callable[..., None]
) -> None:
    public(live_server.url, "https://api.glam.ai/api/v1")
    (result,) = check_public_url()
    assert not result.is_well
    assert "is not https" in result.message


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "said"), [("/elsewhere", "It did not answer as it should (404)."), ("", "")]
)
def test_another_answer_than_the_shops_own_is_told(
    live_server: Any,
    public: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    said: str,
) -> None:
    public(live_server.url + path)
    if not path:
        said = "Something answered, but not this shop: it did not know its own link."
        checks = "glam_tryon.checks.probes.probe_link"
        monkeypatch.setattr(checks, lambda: (probe_link()[0], b"another"))
    (result,) = check_public_url()
    assert (result.is_well, result.message) == (False, said)


def test_no_address_and_no_need_of_one_are_told(settings: Any, public: Callable[..., None]) -> None:
    public("")
    (result,) = check_public_url()
    assert (result.is_well, result.advice) == (False, "Set PUBLIC_BASE_URL.")
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "SEND_IMAGES": "upload"}
    (result,) = check_public_url()
    assert result.is_well


def test_a_forged_probe_shows_nothing(client: Client, public: Callable[..., None]) -> None:
    public("https://shop.example.com")
    link, answer = probe_link()
    path = link.removeprefix("https://shop.example.com")
    assert client.get(path).content == answer
    assert client.get(path.replace("/probe/", "/photo/")).status_code == 404
    assert client.get(f"{path[:-8]}x.jpg").status_code == 404


# The banner.


def test_the_index_says_nothing_while_all_is_well(admin_client: Client, poller_works: None) -> None:
    assert banner(admin_client) == []


def test_the_index_says_each_trouble_once(
    admin_client: Client, order: Callable[..., TryOnJob], settings: Any
) -> None:
    job = order()
    TryOnJob.objects.filter(pk=job.pk).update(
        status="unconfirmed", error_code="needs_person", queue=0
    )
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "BUDGET": {"day": 0}}
    switch.stop("ada")
    Account.pause("no_credits")
    found = banner(admin_client)
    assert [words.partition(" See what")[0].partition(":")[0][:30] for words in found] == [
        "All try-ons are stopped, by ad",
        "Sending to Glam is paused (no_",
        "No poller has ever run",
        "The budget is used up. Try-ons",
        "1 try-on is unconfirmed and wa",
    ]
    html = page(admin_client, INDEX)
    assert f'href="{BOARD}">See what can be done' in html
    assert 'tryonjob/?status__exact=unconfirmed">See what can be done' in html
    # Shown, they are gone: the next page has none of them left over.
    assert banner(admin_client, "/admin/auth/user/") == []


def test_a_silent_poller_and_an_open_circuit_are_told(admin_client: Client) -> None:
    Account.load()
    Account.rows().update(
        last_round_at=timezone.now() - timedelta(minutes=10),
        breaker_failures=6,
        breaker_until=timezone.now() + timedelta(minutes=2),
    )
    silent, broken = banner(admin_client)
    assert silent.startswith("No poller works since")
    assert broken.startswith("Glam could not be reached 6 times in a row")


@pytest.mark.parametrize("address", [BOARD, "/admin/glam_tryon/dailycount/"])
def test_the_apps_own_pages_say_it_too(admin_client: Client, address: str) -> None:
    assert len(banner(admin_client, address)) == 1


def test_who_may_not_see_the_operations_page_sees_no_banner() -> None:
    assert banner(staff("view_tryonjob")) == []


def test_an_index_of_the_shops_own_has_the_banner(
    admin_client: Client, settings: Any, tmp_path: Path
) -> None:
    own = tmp_path / "admin"
    own.mkdir()
    (own / "index.html").write_text(
        '{% extends "admin/base_site.html" %}{% block content %}Our own{% endblock %}'
    )
    (template,) = settings.TEMPLATES
    settings.TEMPLATES = [{**template, "DIRS": [str(tmp_path), *template["DIRS"]]}]
    assert "Our own" in page(admin_client, reverse("admin:index"))
    assert banner(admin_client) == [
        "No poller has ever run: start manage.py poll_tryon_jobs. See what can be done"
    ]


def test_no_page_has_a_style_or_script_within_its_html(
    admin_client: Client, sandbox: Sandbox
) -> None:
    for html in (page(admin_client), pressed(admin_client, "check/key/")):
        main = html.partition('class="glam-tryon-dashboard"')[2]
        for wrong in (" style=", "<style", "onclick=", "<script"):
            assert wrong not in main.partition("</main>")[0]


def test_a_check_of_the_storage_asks_no_longer_than_it_may() -> None:
    assert storage_check.LINK_SECONDS <= 10
