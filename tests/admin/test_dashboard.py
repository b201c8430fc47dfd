"""The dashboard: who sees it, what it says, and that it says it under a strict policy."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries

from example_project.shop.history import load_history
from example_project.shop.models import Product
from glam_tryon.admin.reports.charts import Series, drawn, marks, nice_top, stacked
from glam_tryon.admin.reports.tables import (
    Table,
    count_column,
    percent_text,
    seconds_text,
    text_column,
)
from glam_tryon.limits.period import shop_day
from glam_tryon.models import Account, DailyCount
from glam_tryon.models.statistics import Counted

pytestmark = pytest.mark.django_db

PAGE = "/admin/glam_tryon/dailycount/"
TABLES = [
    "try-ons", "waits", "spending", "funnel", "products", "hold-out", "failures", "feedback",
]  # fmt: skip


@pytest.fixture
def history(product: Product) -> None:
    Account.load()
    assert load_history() > 1000


def page(client: Client, query: str = "") -> str:
    answer = client.get(PAGE + query)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def rows(client: Client, table: str, query: str = "") -> list[list[str]]:
    answer = client.get(f"{PAGE}{table}.csv{query}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.reader(io.StringIO(answer.content.decode())))


def words_of(html: str, section: str) -> str:
    found = re.search(rf'id="glam-tryon-{section}">.*?<p>(.*?)</p>', html, re.DOTALL)
    assert found is not None
    return found[1].strip()


# Who sees it.


def test_staff_who_may_see_try_ons_see_it_and_the_others_do_not() -> None:
    staff = User.objects.create_user("eve", is_staff=True)
    client = Client()
    assert client.get(PAGE).status_code == 302
    client.force_login(staff)
    for address in (PAGE, f"{PAGE}try-ons.csv"):
        assert client.get(address).status_code == 403
    assert "Dashboard" not in client.get("/admin/").content.decode()
    staff.user_permissions.add(Permission.objects.get(codename="view_tryonjob"))
    for address in (PAGE, f"{PAGE}try-ons.csv"):
        assert client.get(address).status_code == 200
    assert f'href="{PAGE}"' in client.get("/admin/").content.decode()


def test_nothing_can_be_added_changed_or_deleted_there(admin_client: Client) -> None:
    for address in ("add/", "1/change/", "1/delete/", "1/history/"):
        assert admin_client.get(PAGE + address).status_code == 404


def test_a_table_that_there_is_not_is_not_found(admin_client: Client) -> None:
    assert admin_client.get(f"{PAGE}persons.csv").status_code == 404


# What it says.


def test_a_shop_in_which_nothing_happened_is_told_what_comes(admin_client: Client) -> None:
    html = page(admin_client)
    assert "Nothing happened in these days" in html
    assert 'href="/admin/glam_tryon/tryonjob/add/">Order a first try-on' in html
    assert 'role="img"' not in html
    assert "0 of 2" in html


@pytest.mark.parametrize("days", [7, 30, 90, 365])
def test_each_range_has_all_sections_and_is_marked(
    admin_client: Client, history: None, days: int
) -> None:
    html = page(admin_client, f"?days={days}")
    assert re.findall(r'<h2 id="glam-tryon-([\w-]+)"', html) == TABLES
    assert re.search(rf'href="\?days={days}"\s+aria-current="page"', html)
    assert html.partition("glam-tryon-dashboard")[2].count('aria-current="page"') == 1
    for table in TABLES:
        assert f'href="{PAGE}{table}.csv?days={days}"' in html


@pytest.mark.parametrize("table", TABLES)
def test_the_file_of_a_table_has_the_rows_of_the_page(
    admin_client: Client, history: None, table: str
) -> None:
    html = page(admin_client)
    section = html.partition(f'id="glam-tryon-{table}"')[2].partition("</section>")[0]
    heads, *lines = rows(admin_client, table)
    shown = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', section)
    assert heads == shown
    assert len(lines) == section.count('<th scope="row">')


def test_numbers_of_the_days_are_right(admin_client: Client) -> None:
    today = shop_day()
    counts = {("requested", "shopper"): 4, ("ready", "shopper:12"): 2, ("failed", "shop:late"): 1}
    counts |= {
        ("canceled", "shopper"): 1,
        ("bought", ""): 3,
        ("impression", ""): 40,
        ("opened", ""): 8,
    }
    counts |= {("added-to-basket", "tried"): 1}
    counts |= {("feedback", "up"): 3, ("feedback", "face"): 1}
    DailyCount.objects.add(
        {Counted("", 0, event, today, detail): count for (event, detail), count in counts.items()}
    )
    html = page(admin_client, "?days=7")
    assert words_of(html, "try-ons") == "2 ready, 1 failed, 1 canceled"
    assert words_of(html, "waits").startswith("Half of the shoppers waited 7.3 s at most")
    assert words_of(html, "spending") == "This month so far: 3 generations of 5,000 generations."
    assert words_of(html, "funnel") == (
        "20 % of the buttons were opened. 50 % of the pictures were followed by a basket."
    )
    assert words_of(html, "failures") == "67 % of those that were not canceled became pictures."
    assert words_of(html, "feedback") == "75 % of the verdicts are good."
    assert rows(admin_client, "try-ons")[-1] == [today.isoformat(), "4", "2", "1", "1"]
    assert rows(admin_client, "failures")[1:] == [["late", "1", "100.00"]]
    assert rows(admin_client, "funnel")[2] == ["Dialog opened", "8", "20.00"]


def test_money_is_told_where_a_price_is_set(admin_client: Client, settings: Any) -> None:
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "PRICE": {"per_credit": "0.08", "currency": "EUR"},
        "BUDGET": {"month_money": "50"},
    }
    money = Counted("", 0, "money", shop_day(), "EUR")
    DailyCount.objects.add({money: 123_456})
    html = page(admin_client)
    assert "This month so far: 12.35\xa0EUR of 50.00\xa0EUR." in words_of(html, "spending")
    assert rows(admin_client, "spending")[-1][-1] == "12.3456"


def test_the_hold_out_is_shown_when_there_is_one_and_owns_up_to_too_few(
    admin_client: Client, settings: Any
) -> None:
    today = shop_day()
    DailyCount.objects.add({Counted("", 0, "impression", today, ""): 1})
    assert "hold-out" not in page(admin_client)
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "HOLDOUT_SHARE": 0.2}
    assert words_of(page(admin_client), "hold-out").startswith("Too few visitors to tell yet")


@pytest.mark.parametrize(
    ("with_buttons", "verdict"),
    [
        (300, "Buttons bring baskets."),
        (100, "Buttons cost baskets."),
        (205, "no difference can be told"),
    ],
)
def test_the_hold_out_says_no_more_than_the_numbers_do(
    admin_client: Client, with_buttons: int, verdict: str
) -> None:
    today = shop_day()
    numbers = {("visitor", "sees"): 1000, ("visitor", "without"): 1000}
    numbers |= {("buyer", "sees"): with_buttons, ("buyer", "without"): 200}
    DailyCount.objects.add(
        {Counted("", 0, event, today, group): count for (event, group), count in numbers.items()}
    )
    assert verdict in words_of(page(admin_client), "hold-out")


def test_one_product_can_be_looked_at_alone(
    admin_client: Client, history: None, product: Product
) -> None:
    kind = ContentType.objects.get_for_model(Product).pk
    query = f"?days=30&product={kind}%3A{product.pk}"
    assert f'href="{query}">Linen shirt</a>' in " ".join(page(admin_client).split()).replace(
        "> ", ">"
    ).replace(" <", "<")
    html = page(admin_client, query)
    assert "Only Linen shirt." in html
    assert re.findall(r'<h2 id="glam-tryon-([\w-]+)"', html) == [
        "try-ons", "waits", "funnel", "failures", "feedback",
    ]  # fmt: skip
    assert 'href="?days=30">All products</a>' in html


# How it says it.


def test_the_page_asks_the_database_six_times(
    admin_client: Client, history: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    DailyCount.objects.filter(product_type__gt=0).delete()
    page(admin_client)
    for days in (7, 365):
        with django_assert_max_num_queries(6):
            page(admin_client, f"?days={days}")


def test_no_style_and_no_script_stands_in_the_page(admin_client: Client, history: None) -> None:
    html = page(admin_client)
    main = html.partition('class="glam-tryon-dashboard"')[2]
    assert main.count("<svg") > 10
    for wrong in (" style=", "<style", "onclick=", "<script"):
        assert wrong not in main.partition("</main>")[0]


def test_no_language_puts_a_comma_into_a_picture(admin_client: Client, history: None) -> None:
    with override("de"):
        html = admin_client.get(PAGE, headers={"Accept-Language": "de"}).content.decode()
    for attribute in re.findall(r'(?:\sd|\sx|\sy|width|height|viewBox)="([^"]*)"', html):
        assert "," not in attribute


def test_a_picture_tells_its_numbers_to_who_cannot_see_it(
    admin_client: Client, history: None
) -> None:
    html = page(admin_client)
    labels = re.findall(r'<svg[^>]*role="img"\s+aria-label="([^"]+)"', html)
    assert len(labels) == 3
    assert re.fullmatch(r"[\d,]+ ready, [\d,]+ failed, [\d,]+ canceled", labels[0])
    assert html.count("<details>") == 3


# Its parts.


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (0.3, 0.5), (1, 1), (1.1, 2), (4.9, 5), (5.1, 10), (100, 100), (1234, 2000)],
)
def test_an_axis_ends_at_a_round_number(highest: float, top: float) -> None:
    assert nice_top(highest) == pytest.approx(top)


def test_bars_stand_upon_each_other() -> None:
    series = [Series("is-ready", "ready", [3, 0]), Series("is-failed", "failed", [1, 2])]
    boxes = stacked(series, 4, ["one", "two"])
    assert [(box.css_class, box.x, box.y, box.height) for box in boxes] == [
        ("is-ready", "1", "25", "75"),
        ("is-failed", "1", "0", "25"),
        ("is-failed", "11", "50", "50"),
    ]


def test_a_line_breaks_off_where_there_is_no_value() -> None:
    line = drawn(Series("is-median", "", [1.0, None, 2.0, 1.0]), 2.0)
    assert line.path == "M5 50h0M25 0L35 50"
    assert drawn(Series("is-median", "", [None]), 1.0).path == ""


def test_marks_are_the_first_the_middle_and_the_last() -> None:
    assert marks(["a", "b"]) == ["a", "b"]
    assert marks(list("abcde")) == ["a", "c", "e"]


def test_numbers_have_the_unit_that_suits_them() -> None:
    assert [seconds_text(each) for each in (7.25, 65, 150, 9000)] == [
        "7.2 s", "65 s", "2.5 min", "2.5 h",
    ]  # fmt: skip
    assert (percent_text(0.034), percent_text(0.5)) == ("3.4 %", "50 %")


def test_a_file_holds_no_formula() -> None:
    table = Table("x", [text_column("Product"), count_column("Times")], [["=1+1", 3], ["a", None]])
    assert table.as_csv().splitlines() == ["Product,Times", "'=1+1,3", "a,"]
    assert [[text for _column, text in line] for line in table.lines] == [
        ["=1+1", "3"], ["a", "\N{EN DASH}"],
    ]  # fmt: skip
