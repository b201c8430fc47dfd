"""The walk through the whole product: by HTTP and by commands, as its people use it.

Each step is a function that gets the ``Walk``, in the order of ``STEPS``. What a step needs of an
earlier one it finds in the ``Walk``. A step that goes wrong raises.
"""

from __future__ import annotations

import functools
import io
import os
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connections, router
from django.utils import timezone

from example_project.shop.models import Product, ProductImage
from glam_tryon import jobs
from glam_tryon.models import (
    ConsentText,
    PersonPhoto,
    TryOnBatch,
    TryOnJob,
    TryOnResult,
    TryOnSubmission,
)
from glam_tryon.models.status import Status
from glam_tryon.sandbox import FaultScript, Sandbox
from tests.admin.staff import taken_by
from tests.deployments.browser import JSON, Form, Page, Person, Wrong
from tests.deployments.rows import Deployment
from tests.shop import picture

PASSWORD = "a password of the walk"
#: A key from here on has a thousand separator where a template localizes it.
FIRST_KEY = 1234
#: More jobs than one chunk of an action takes, in a number with a separator.
CROWD = 1005
DIALOG = {"X-Glam-Tryon": "dialog"}


class Walk:
    """The shop, its people, and what they have done so far."""

    def __init__(self, row: Deployment, shop: str, sandbox: Sandbox, directory: Path) -> None:
        self.row, self.shop, self.sandbox, self.directory = row, shop, sandbox, directory
        self.followed: set[str] = set()
        self.visitor = self.shopper()
        other = urljoin(shop, row.other_admin) if row.other_admin else ""
        self.staff = Person(shop, self.followed, (urljoin(shop, row.admin), other))
        self.products: list[Product] = []
        self.start = ""
        self.known: dict[str, Any] = {}
        self.receipt = ""

    def shopper(self) -> Person:
        """Return somebody who was never here."""
        return Person(self.shop.replace("127.0.0.1", self.row.shopper_host), self.followed)

    def command(self, *arguments: str, fails: str = "") -> str:
        """Run a management command. Returns what it printed; ``fails`` is what it must refuse."""
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                call_command(*arguments, stdout=printed)
        except CommandError as error:
            if fails and fails in str(error):
                return str(error)
            raise
        if fails:
            raise Wrong(f"{arguments} was not refused with {fails!r}: {printed.getvalue()}")
        return printed.getvalue()

    def work(self) -> None:
        """Let workers do what is to be done, as this deployment runs them."""
        self.row.work(self)
        left = written(TryOnJob).advancing().count()
        expect(left == 0, f"{left} jobs are not finished after the worker ran")

    def named_files(self) -> set[str]:
        """Return the names of the stored files that a row knows."""
        found: set[str] = set()
        for model, name in (
            (PersonPhoto, "image"),
            (TryOnResult, "image"),
            (TryOnJob, "garment_image"),
        ):
            found |= set(written(model).values_list(name, flat=True))
        return found

    def has(self, *pages: str) -> bool:
        """Say whether staff have the admin pages of all these models."""
        return self.row.pages is None or set(pages) <= set(self.row.pages)

    def admin(self, path: str) -> str:
        """Return an admin page's address below that of the site that this row's staff use."""
        return urljoin(self.shop, f"{self.row.admin}{path}")

    def sign_in(self, person: Person, name: str) -> Page:
        page = person.page(self.row.page("account/login/"))
        return person.pressed(page.form(has="username"), username=name, password=PASSWORD)


def written(model: Any) -> Any:
    """Return the rows of a model where they are written: a replica may lag."""
    return model._default_manager.using(router.db_for_write(model))


def expect(is_so: object, what: str) -> None:
    if not is_so:
        raise Wrong(what)


def photo(colour: str = "#aa7755") -> dict[str, Any]:
    return {"photo": ("me.jpg", picture(colour=colour), "image/jpeg")}


Step = Callable[[Walk], None]


def needs_pages(*pages: str) -> Callable[[Step], Step]:
    """Leave a step out where the staff's admin has no such pages."""

    def decorate(step: Step) -> Step:
        @functools.wraps(step)
        def only_with_pages(walk: Walk) -> None:
            if walk.has(*pages):
                step(walk)

        return only_with_pages

    return decorate


# Before anybody comes: what the shop has anyway.


def the_shop_has_products_and_people(walk: Walk) -> None:
    User.objects.create_superuser("staff", password=PASSWORD)
    for name in ("ada", "bob"):
        User.objects.create_user(name, f"{name}@example.com", PASSWORD)
    for number, name in enumerate(("Linen shirt", "Wool skirt", "Denim jacket")):
        product = Product(pk=FIRST_KEY + number, name=name, price="49.00")
        product.slug = name.lower().replace(" ", "-")
        product.photo.save(f"{product.slug}.jpg", ContentFile(picture()), save=True)
        walk.products.append(product)
    _begin_keys_at(FIRST_KEY)
    # Who starts a shop starts its worker; without one the first order is logged.
    walk.work()
    if apps.is_installed("django.contrib.sites"):
        site: Any = apps.get_model("sites", "Site")
        for pk, host in enumerate(("127.0.0.1", "localhost"), start=1):
            domain = f"{host}:{urlsplit(walk.shop).port}"
            site.objects.update_or_create(pk=pk, defaults={"domain": domain, "name": host})


def _begin_keys_at(first: int) -> None:
    for model in (TryOnResult, TryOnSubmission, ConsentText):
        connection = connections[router.db_for_write(model)]
        table = model._meta.db_table
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                sql = "INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)"
                cursor.execute(sql, [table, first])
            elif connection.vendor == "postgresql":
                cursor.execute(f'ALTER TABLE "{table}" ALTER COLUMN id RESTART WITH {first}')
            else:
                cursor.execute(f"ALTER TABLE `{table}` AUTO_INCREMENT = {first}")


# Staff prepare.


def staff_sign_in(walk: Walk) -> None:
    page = walk.staff.page(walk.admin(""))
    page = walk.staff.pressed(page.form(has="username"), username="staff", password=PASSWORD)
    for page_of in walk.row.pages or ():
        page.link(f"/glam_tryon/{page_of}/")


def staff_add_a_house_model(walk: Walk) -> None:
    if not walk.has("personphoto"):
        walk.known["model"] = str(_model_by_code().pk)
        return
    page = walk.staff.page(walk.admin("glam_tryon/personphoto/add/"))
    files = {"image": ("mina.jpg", picture(colour="#c68863"), "image/jpeg")}
    walk.staff.pressed(page.form(has="_save"), "_save", title="Mina", files=files)
    model = written(PersonPhoto).get(title="Mina")
    page = walk.staff.page(walk.admin(f"glam_tryon/personphoto/{model.pk}/change/"))
    walk.staff.picture(walk.admin(f"glam_tryon/personphoto/{model.pk}/picture/"))
    walk.staff.page(walk.admin("glam_tryon/personphoto/"))
    walk.known["model"] = str(model.pk)


def _model_by_code() -> PersonPhoto:
    """Add a house model as a shop does that has no admin page for it."""
    file = io.BytesIO(picture(colour="#c68863"))
    return jobs.add_photo(file, kind=PersonPhoto.Kind.HOUSE_MODEL, title="Mina")


# A shopper.


def a_shopper_opens_a_product(walk: Walk) -> None:
    if walk.row.members_only:
        walk.sign_in(walk.visitor, "ada")
    walk.visitor.page(walk.row.page(""))
    page = walk.visitor.page(walk.row.page("clothes/linen-shirt/"))
    walk.start = page.link("/tryon/new/")
    for source in page.sources:
        walk.visitor.get(source)
    inside = walk.visitor.page(walk.start, **DIALOG)
    expect("data-glam-tryon" in inside.html, "the dialog's form is not the dialog's")
    walk.visitor.page(walk.visitor.page(walk.start).link("/tryon/policy/"))


def a_shopper_orders_with_a_house_model(walk: Walk) -> None:
    page = walk.visitor.page(walk.start)
    form = page.form(has="request_id")
    done = walk.visitor.pressed(form, house_model=walk.known["model"])
    walk.known["model job"] = done.url
    again = walk.visitor.pressed(form, house_model=walk.known["model"])
    expect(again.url == done.url, "the same form sent twice ordered twice")
    expect(walk.visitor.json(done.url)["status"] == "pending", "the job does not wait")


def a_shopper_orders_with_an_own_photo(walk: Walk) -> None:
    page = walk.visitor.page(walk.start, **DIALOG)
    form = page.form(has="request_id")
    answer = walk.visitor.press(form, files=photo(), headers=JSON, status=400)
    expect(answer.json()["error"]["code"] == "no_consent", "a photo without consent was taken")
    answer = walk.visitor.press(
        form, files=photo(), consent="on", keep="on", headers=JSON, status=201
    )
    job = walk.known["own job"] = answer.json()
    walk.visitor.picture(job["photo_url"])
    walk.visitor.page(job["url"])


def the_worker_draws(walk: Walk) -> None:
    walk.work()
    walk.known["own job"] = job = walk.visitor.json(walk.known["own job"]["url"])
    expect(job["status"] == "ready", f"the job is {job['status']}: {job['error']}")
    expect(walk.visitor.json(walk.known["model job"])["status"] == "ready", "a job is not ready")


def the_shopper_sees_the_picture(walk: Walk) -> None:
    page = walk.visitor.page(walk.known["own job"]["url"])
    (result,) = walk.known["own job"]["results"]
    walk.visitor.picture(result["url"])
    for source in page.sources:
        walk.visitor.get(source)
    stranger = walk.shopper()
    if walk.row.members_only:
        walk.sign_in(stranger, "bob")
    stranger.get(result["url"], 404)
    walk.visitor.pressed(page.form(action="/basket/add/"))


def the_shopper_says_how_it_was(walk: Walk) -> None:
    page = walk.visitor.page(walk.known["own job"]["url"])
    walk.visitor.pressed(page.form(has="reason"), ("reason", "face"))
    job = walk.visitor.json(walk.known["own job"]["url"])
    expect(job["feedback"] == {"verdict": "down", "reason": "face"}, f"kept: {job['feedback']}")
    page = walk.visitor.page(walk.known["own job"]["url"])
    walk.visitor.pressed(page.form(action="/feedback/"), verdict="up")
    job = walk.visitor.json(walk.known["own job"]["url"])
    expect(job["feedback"]["verdict"] == "up", f"kept: {job['feedback']}")


def the_shopper_shares_and_takes_back(walk: Walk) -> None:
    page = walk.visitor.page(walk.known["own job"]["url"])
    walk.visitor.pressed(page.form(action="/share/"))
    link = walk.visitor.json(walk.known["own job"]["url"])["share"]["url"]
    friend = walk.shopper()
    shared = friend.page(link)
    (shown,) = [source for source in shared.sources if "/shared/" in source]
    friend.picture(shown)
    page = walk.visitor.page(walk.known["own job"]["url"])
    walk.visitor.pressed(page.form(action="/unshare/"))
    for address in (link, shown):
        friend.get(address, 404)


def the_shopper_uses_the_photo_again_and_cancels(walk: Walk) -> None:
    page = walk.visitor.page(walk.start)
    form = page.form(has="request_id")
    kept = [source for source in page.sources if "/tryon/photos/" in source]
    expect(len(kept) == 1, "the kept photo is not offered")
    key = kept[0].rpartition("/")[2].removesuffix(".jpg")
    page = walk.visitor.pressed(form, kept_photo=key)
    walk.visitor.pressed(page.form(action="/cancel/"))
    expect(walk.visitor.json(page.url)["status"] == "canceled", "it is not canceled")


def the_shopper_looks_at_all_and_deletes_one(walk: Walk) -> None:
    page = walk.visitor.page(walk.row.tryon("mine/"))
    expect(len(walk.visitor.json(page.url)["tryons"]) == 3, "not all try-ons are listed")
    gone = walk.known["model job"]
    part = gone.rstrip("/").rpartition("/")[2]
    page = walk.visitor.pressed(page.form(action=f"{part}/delete/"))
    receipt = page.link("/tryon/receipts/")
    walk.visitor.get(gone, 404)
    walk.shopper().page(receipt)
    expect(walk.shopper().get(f"{receipt.rstrip('/')}.json").json()["results"] == 1, "no receipt")


def the_shopper_signs_in(walk: Walk) -> None:
    if not walk.row.members_only:
        walk.sign_in(walk.visitor, "ada")
    elsewhere = walk.shopper()
    walk.sign_in(elsewhere, "ada")
    listed = elsewhere.json(walk.row.tryon("mine/"))["tryons"]
    expect(len(listed) == 2, f"the account has {len(listed)} of the visitor's 2 try-ons")
    elsewhere.picture(walk.known["own job"]["results"][0]["url"])


def the_shopper_takes_the_consent_back(walk: Walk) -> None:
    page = walk.visitor.page(walk.row.tryon("mine/"))
    walk.visitor.pressed(page.form(action="/mine/withdraw/"))
    walk.visitor.get(walk.known["own job"]["photo_url"], 404)
    walk.visitor.picture(walk.known["own job"]["results"][0]["url"])


def the_shopper_deletes_all(walk: Walk) -> None:
    page = walk.visitor.page(walk.row.tryon("mine/"))
    page = walk.visitor.pressed(page.form(action="/mine/delete/"))
    walk.receipt = page.link("/tryon/receipts/")
    expect(walk.visitor.json(walk.row.tryon("mine/"))["tryons"] == [], "something is left")
    walk.visitor.get(walk.known["own job"]["url"], 404)


# Staff: try-ons.


def staff_order_one(walk: Walk) -> None:
    if walk.has("tryonjob"):
        page = walk.staff.page(walk.admin("glam_tryon/tryonjob/add/"))
        form = page.form(has="_save")
        product = f"shop.product:{FIRST_KEY + 1}"
        walk.staff.pressed(form, "_save", product=product, house_model=walk.known["model"])
    else:
        jobs.request_tryon(walk.products[1], photo=_model(walk))
    job = written(TryOnJob).get(product_key=str(FIRST_KEY + 1))
    walk.known["staff job"] = str(job.pk)


def a_try_on_fails_and_is_retried(walk: Walk) -> None:
    walk.sandbox.faults = FaultScript.from_rules(
        [{"on": "submit", "times": 1, "do": {"fail": "the sandbox was told to"}}]
    )
    walk.work()
    walk.sandbox.faults = FaultScript()
    expect(_status(walk) == Status.FAILED, f"the job is {_status(walk)}")
    if walk.has("tryonjob"):
        page = walk.staff.page(walk.admin(f"glam_tryon/tryonjob/{walk.known['staff job']}/change/"))
        page = walk.staff.pressed(page.form(has="on_page"), ("action", "retry_failed"))
        page = walk.staff.pressed(page.form(has="confirmed"))
    else:
        jobs.retry(written(TryOnJob).get(pk=walk.known["staff job"]))
    expect(_status(walk) == Status.PENDING, f"after the retry it is {_status(walk)}")
    walk.work()
    expect(_status(walk) == Status.READY, f"after the retry it became {_status(walk)}")


def _status(walk: Walk) -> str:
    return str(written(TryOnJob).get(pk=walk.known["staff job"]).status)


@needs_pages("tryonjob")
def staff_look_at_try_ons(walk: Walk) -> None:
    for query in ("", "?q=1235", "?status__exact=ready", "?q=nobody"):
        walk.staff.page(walk.admin(f"glam_tryon/tryonjob/{query}"))
    page = walk.staff.page(walk.admin(f"glam_tryon/tryonjob/{walk.known['staff job']}/change/"))
    pictures = [source for source in page.sources if "/picture/" in source]
    expect(len(pictures) >= 3, f"garment, model and result are not all there: {pictures}")
    for each in pictures:
        walk.staff.picture(each)


@needs_pages("tryonjob")
def staff_look_at_a_photo(walk: Walk) -> None:
    shopper = walk.shopper()
    if walk.row.members_only:
        walk.sign_in(shopper, "ada")
    form = shopper.page(walk.start).form(has="request_id")
    answer = shopper.press(form, files=photo(), consent="on", headers=JSON, status=201)
    address = walk.admin(f"glam_tryon/tryonjob/{answer.json()['id']}/change/")
    page = walk.staff.page(address)
    form = next(form for form in page.forms if any("person-photo" in b[2] for b in form.buttons))
    button = next(button for button in form.buttons if "person-photo" in button[2])
    shown = walk.staff.press(Form(urljoin(form.action, button[2]), "post", form.fields))
    expect(shown.headers["Content-Type"].startswith("image/"), "the photo is not shown")
    walk.work()


ACTIONS = (
    "submit_now",
    "ask_again",
    "retry_failed",
    "cancel_jobs",
    "refetch_results",
    "resubmit_unconfirmed",
    "delete_pictures",
)


@needs_pages("tryonjob")
def staff_act_on_one(walk: Walk) -> None:
    for action in ACTIONS:
        (job,) = _made(walk, 1)
        taken_by(action, job)
        _act(walk, action, [str(job.pk)])
        written(TryOnJob).filter(pk=job.pk).update(status=Status.CANCELED, queue=None)
    (job,) = _made(walk, 1)
    answer = _choose(walk, "export_csv", [str(job.pk)])
    expect(len(answer.text.splitlines()) == 2, f"the file has not one line: {answer.text[:200]}")


@needs_pages("tryonjob")
def staff_act_on_very_many(walk: Walk) -> None:
    if not (walk.row.crowded or os.environ.get("LONG")):
        return
    now = timezone.now()
    for action, state in (
        ("submit_now", {"status": Status.PENDING, "queue": 1}),
        ("cancel_jobs", {"status": Status.PENDING, "queue": 1}),
        ("retry_failed", {"status": Status.FAILED, "queue": None, "error_code": "glam_failed"}),
        ("delete_pictures", {"status": Status.READY, "queue": None, "finished_at": now}),
    ):
        crowd = _made(walk, CROWD)
        made = written(TryOnJob).filter(pk__in=[job.pk for job in crowd])
        made.update(**state)
        if action == "delete_pictures":
            TryOnResult.objects.bulk_create(
                TryOnResult(job=job, position=0, width=3, height=4, sha256="0" * 64, image="")
                for job in crowd
            )
        _act(walk, action, [str(crowd[0].pk)], select_across="1")
        if action == "submit_now":
            answer = _choose(walk, "export_csv", [str(crowd[0].pk)], select_across="1")
            expect(len(answer.text.splitlines()) > CROWD, "the file lacks lines")
        made.delete()


MADE = "made for an action"


def _model(walk: Walk) -> PersonPhoto:
    found: PersonPhoto = written(PersonPhoto).get(pk=walk.known["model"])
    return found


def _made(walk: Walk, count: int) -> list[TryOnJob]:
    model = _model(walk)
    kind = ContentType.objects.get_for_model(Product)
    return TryOnJob.objects.bulk_create(
        TryOnJob(
            owner="shop",
            person_photo=model,
            content_type=kind,
            product_key=str(FIRST_KEY + 2),
            garment_title=MADE,
            mask_type="upper",
        )
        for _ in range(count)
    )


def _choose(walk: Walk, action: str, keys: list[str], **more: str) -> Any:
    page = walk.staff.page(walk.admin("glam_tryon/tryonjob/"))
    form = page.form(has="select_across")
    return walk.staff.press(form, action=action, _selected_action=keys, **more)


def _act(walk: Walk, action: str, keys: list[str], **more: str) -> None:
    page = Page(_choose(walk, action, keys, **more))
    if "glam-tryon-ask" in page.html:
        page = walk.staff.pressed(page.form(has="confirmed"), why="the account shows nothing")
    expect("glam-tryon-ask" not in page.html, f"{action} asks again and again")
    expect('class="success"' in page.html, f"{action} changed nothing of {len(keys)}")


# Staff: products and batches.


def staff_order_a_batch(walk: Walk) -> None:
    for product in walk.products:
        walk.staff.page(walk.admin(f"shop/product/{product.pk}/change/"))
    page = walk.staff.page(walk.admin("shop/product/"))
    keys = [str(product.pk) for product in walk.products]
    page = walk.staff.pressed(
        page.form(has="select_across"), action="try_on", _selected_action=keys
    )
    form = page.form(has="step")
    page = walk.staff.pressed(form, ("step", "review"), house_models=[walk.known["model"]])
    page = walk.staff.pressed(page.form(has="step"), ("step", "order"))
    if not walk.has("tryonbatch"):
        expect("try-ons are ordered" in page.html, "staff are not told that they ordered")
        return
    for what in ("pause", "resume"):
        page = walk.staff.pressed(page.form(action="/steer/"), ("do", what))


def the_worker_draws_the_batch(walk: Walk) -> None:
    walk.work()
    drawn = written(TryOnResult).filter(job__batch__isnull=False).count()
    expect(drawn == len(walk.products), f"{drawn} pictures of the batch are there")


@needs_pages("tryonbatch", "tryonjob")
def staff_publish(walk: Walk) -> None:
    batch = written(TryOnBatch).get()
    address = walk.admin(f"glam_tryon/tryonbatch/{batch.pk}/change/")
    walk.staff.page(walk.admin("glam_tryon/tryonbatch/"))
    expect(
        walk.staff.json(walk.admin(f"glam_tryon/tryonbatch/{batch.pk}/progress/"))["done"], "open"
    )
    page = walk.staff.page(address)
    form = page.form(action="/publish/")
    ticks = [name.removeprefix("alt_") for name, _value in form.fields if name.startswith("alt_")]
    expect(len(ticks) == 3, f"{len(ticks)} of 3 pictures may be published")
    page = walk.staff.pressed(form, result=ticks)
    expect("is-ready" in page.html, "nothing was published")
    for product in walk.products:
        count = written(ProductImage).filter(product=product).count()
        expect(count == 1, f"{product} has {count} new pictures")
        shown = walk.visitor.page(walk.row.page(f"clothes/{product.slug}/"))
        for source in shown.sources:
            walk.visitor.get(source)


# Staff: numbers, money, people.


@needs_pages("dailycount", "tryonsubmission")
def staff_read_the_numbers(walk: Walk) -> None:
    page = walk.staff.page(walk.admin("glam_tryon/dailycount/"))
    for link in [link for link in page.links if "/csv/" in link or link.endswith(".csv")]:
        walk.staff.get(link)
    walk.staff.page(walk.admin("glam_tryon/tryonsubmission/"))
    page = walk.staff.page(walk.admin("glam_tryon/tryonsubmission/"))
    line = written(TryOnSubmission).exclude(event_id=None).order_by("-pk")[0]
    page = walk.staff.pressed(
        page.form(has="select_across"), action="note_refund", _selected_action=[str(line.pk)]
    )
    line.refresh_from_db()
    expect(line.refunded_at, "the refund is not noted")


@needs_pages("account")
def staff_steer(walk: Walk) -> None:
    address = walk.admin("glam_tryon/account/")
    for button in ("pause_submitting", "resume_submitting"):
        page = walk.staff.page(address)
        walk.staff.pressed(page.form(has="action"), ("action", button))
    page = walk.staff.page(address)
    page = walk.staff.pressed(page.form(action="/turn/stop/"), why="a test")
    closed = walk.visitor.page(walk.start)
    form = closed.form(has="request_id")
    walk.visitor.press(form, house_model=walk.known["model"], headers=JSON, status=503)
    page = walk.staff.pressed(page.form(action="/turn/go-on/"))
    page = walk.staff.pressed(page.form(action="/account/budget/"), day_generations="1500")
    for what in ("key", "storage", "address"):
        page = walk.staff.pressed(page.form(action=f"/check/{what}/"))
        expect("is-failed" not in page.html, f"the check of the {what} is not well: {_said(page)}")


def _said(page: Page) -> str:
    start = page.html.find('role="status"')
    return page.html[start : start + 1500]


@needs_pages("consenttext")
def staff_publish_a_consent_text(walk: Walk) -> None:
    page = walk.staff.page(walk.admin("glam_tryon/consenttext/add/"))
    walk.staff.pressed(page.form(has="_save"), "_save", text="We send your photo to Glam AI.")
    draft = written(ConsentText).get()
    walk.staff.page(walk.admin(f"glam_tryon/consenttext/{draft.pk}/preview/"))
    page = walk.staff.page(walk.admin(f"glam_tryon/consenttext/{draft.pk}/change/"))
    walk.staff.pressed(page.form(has="_publish"), "_publish")
    draft.refresh_from_db()
    expect(draft.is_published, "the text is not published")
    walk.staff.page(walk.admin("glam_tryon/consentrecord/"))


@needs_pages("deletionreceipt")
def staff_export_and_erase_a_person(walk: Walk) -> None:
    shopper = walk.shopper()
    walk.sign_in(shopper, "ada")
    form = shopper.page(walk.start).form(has="request_id")
    shopper.press(form, files=photo("#998877"), consent="on", headers=JSON, status=201)
    walk.work()
    address = walk.admin("glam_tryon/deletionreceipt/personal-data/")
    walk.staff.page(walk.admin("glam_tryon/deletionreceipt/"))
    form = walk.staff.page(address).form(has="person")
    answer = walk.staff.press(form, "export", person="ada")
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    expect(any(name.endswith(".jpg") for name in names), f"the copy has no picture: {names}")
    page = walk.staff.pressed(form, "erase", person="ada", sure="on")
    page.link("/tryon/receipts/")
    expect(shopper.json(walk.row.tryon("mine/"))["tryons"] == [], "something is left")


# Commands.


def commands(walk: Walk) -> None:
    walk.command("prune_tryon_data", "--dry-run")
    walk.command("prune_tryon_data")
    walk.command("count_tryons", "--rebuild")
    file = walk.directory / "ledger.csv"
    walk.command("tryon_ledger", "--csv", str(file))
    expect(len(file.read_text().splitlines()) > 5, "the ledger's file has hardly a line")
    copy = walk.directory / "ada.zip"
    walk.command("export_tryon_data", "ada", str(copy))
    expect(zipfile.is_zipfile(copy), "the copy is no zip")
    walk.command("erase_tryon_data", "ada", fails="Add --yes to do it")
    walk.command("erase_tryon_data", "ada", "--yes")
    walk.command("poll_tryon_jobs", "--once")
    expect("healthy" in walk.command("poll_tryon_jobs", "--health"), "it is not healthy")


# At the end.


def no_file_is_without_a_row(walk: Walk) -> None:
    walk.row.no_orphans(walk)


STEPS: tuple[Step, ...] = (
    the_shop_has_products_and_people,
    staff_sign_in,
    staff_add_a_house_model,
    a_shopper_opens_a_product,
    a_shopper_orders_with_a_house_model,
    a_shopper_orders_with_an_own_photo,
    the_worker_draws,
    the_shopper_sees_the_picture,
    the_shopper_says_how_it_was,
    the_shopper_shares_and_takes_back,
    the_shopper_uses_the_photo_again_and_cancels,
    the_shopper_looks_at_all_and_deletes_one,
    the_shopper_signs_in,
    the_shopper_takes_the_consent_back,
    the_shopper_deletes_all,
    staff_order_one,
    a_try_on_fails_and_is_retried,
    staff_look_at_try_ons,
    staff_look_at_a_photo,
    staff_act_on_one,
    staff_act_on_very_many,
    staff_order_a_batch,
    the_worker_draws_the_batch,
    staff_publish,
    staff_read_the_numbers,
    staff_steer,
    staff_publish_a_consent_text,
    staff_export_and_erase_a_person,
    commands,
    no_file_is_without_a_row,
)
