"""The public schedule of retention and destruction: what it says is what the settings do."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client

from example_project.shop.models import Product
from glam_tryon.models import ConsentText
from glam_tryon.privacy.consent import current_text
from glam_tryon.privacy.retention_text import schedule
from glam_tryon.views.product import start_url

pytestmark = [pytest.mark.django_db]

POLICY = "/tryon/policy/"


def words(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def tag() -> str:
    return words(Template("{% load glam_tryon %}{% tryon_policy %}").render(Context()))


def test_the_tag_prints_the_schedule_by_default() -> None:
    said = tag()
    for line in (
        "Your photo until the try-on ends, 24 hours at most; 24 hours where you ticked to keep it",
        "Previews of visitors 7 days",
        "Previews of signed-in shoppers 30 days",
        "Links that you shared 7 days, and no longer than the preview",
        "Records of try-ons, without pictures 396 days",
        "Proof of your consent 3 years",
        "Receipts of deletions, which name nobody 3 years",
    ):
        assert line in said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PHOTO_GRACE_SECONDS", 5400, "until 90 minutes after the try-on ended"),
        ("PHOTO_SECONDS", 172_800, "2 days at most"),
        ("KEPT_PHOTO_SECONDS", 604_800, "7 days where you ticked to keep it"),
        ("VISITOR_RESULT_DAYS", 3, "Previews of visitors 3 days"),
        ("RESULT_DAYS", 90, "Previews of signed-in shoppers 90 days"),
        ("SHARE_DAYS", 2, "Links that you shared 2 days"),
        ("JOB_DAYS", 30, "without pictures 30 days"),
        ("CONSENT_DAYS", 3650, "Proof of your consent 10 years"),
        ("RECEIPT_DAYS", 400, "which name nobody 400 days"),
    ],
)
def test_each_setting_changes_its_line(settings: Any, name: str, value: int, said: str) -> None:
    assert said not in tag()
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, name: value}
    assert said in tag()
    assert any(name in rule.settings for rule in schedule())


def test_anybody_may_read_the_page_which_shows_the_schedule_and_the_consent(
    client: Client,
) -> None:
    answer = client.get(POLICY)
    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies
    said = words(answer.content.decode())
    assert tag().strip() in said
    assert " ".join(current_text().split()) in said
    for part in ("Glam AI", "AI-generated", "receipt", "no photo of you is taken"):
        assert part in said
    ConsentText.objects.create(language="en", text="Our own words.").publish()
    assert "Our own words." in client.get(POLICY).content.decode()


@pytest.mark.parametrize(("how", "public"), [("link", False), ("upload", True)])
def test_the_page_says_how_the_photo_reaches_glam(
    client: Client, settings: Any, how: str, public: bool
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "SEND_IMAGES": how}
    said = client.get(POLICY).content.decode()
    assert ("at a public address at Glam AI" in said) is public
    assert ("which expires and can be taken back" in said) is not public


def test_the_form_leads_to_the_page_before_any_photo_is_chosen(
    client: Client, product: Product
) -> None:
    html = client.get(start_url(product)).content.decode()
    link = html.index(f'href="{POLICY}"')
    assert html.index('type="file"') < link < html.index("data-camera")
