"""The doctor: a whole set-up tried in the order in which a newcomer meets it, up to one try-on.

The system checks read settings and models; this also reads a product, renders its page, writes to
the storage and asks the network.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model
from django.templatetags.static import static
from django.test.client import Client
from django.urls import NoReverseMatch, reverse
from django.utils.html import escape
from PIL import Image, ImageDraw

from glam_tryon import jobs
from glam_tryon.checks.probes import CheckResult, check_key, check_public_url
from glam_tryon.checks.registration_checks import check_registrations
from glam_tryon.checks.setting_checks import check_settings, check_time_zones
from glam_tryon.checks.site_checks import (
    check_csp,
    check_middleware,
    check_templates,
    check_urls,
)
from glam_tryon.checks.storage_checks import check_storage as check_storage_options
from glam_tryon.checks.storage_probe import check_storage
from glam_tryon.conf import conf
from glam_tryon.exceptions import TryOnError
from glam_tryon.files import read_file
from glam_tryon.garments import garment_of, registered
from glam_tryon.images import normalise
from glam_tryon.images.inspect import inspect_picture
from glam_tryon.limits.availability import check_garment, is_offered
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.models.status import CLOSED, Status
from glam_tryon.providers.base import (
    CONNECT_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    Polled,
    RemoteStatus,
    Verdict,
)
from glam_tryon.providers.download import fetch_bytes
from glam_tryon.providers.selection import provider_class
from glam_tryon.sandbox import Sandbox
from glam_tryon.worker.health import problems
from glam_tryon.worker.poller import Poller

#: How many rows of a model are looked through for one that can be tried on.
MOST_ROWS = 200
#: Longest wait for the sandbox, and for the provider, in seconds.
SANDBOX_SECONDS, LIVE_SECONDS = 30.0, 600.0

_Check = Callable[[object], Sequence[CheckMessage]]
_SYSTEM: tuple[tuple[str, tuple[_Check, ...]], ...] = (
    ("Settings", (check_settings, check_time_zones)),
    ("Middleware", (check_middleware,)),
    ("URLs", (check_urls,)),
    ("Registration", (check_registrations,)),
    ("Plain pages", (check_templates,)),
    ("Content security policy", (check_csp,)),
    ("Storage's options", (check_storage_options,)),
)


def examine(label: str = "", key: str = "", *, live: bool = False) -> Iterator[CheckResult]:
    """Yield what is right and what is wrong, step by step.

    ``label`` and ``key`` name the product that is tried; without them it is the first that can be.
    The last step is a try-on: against a sandbox of this process's own, which leaves nothing behind;
    with ``live`` it is ordered from the provider, costs what one costs, and is kept.
    """
    for question, each in _SYSTEM:
        yield from _system(question, each)
    if any(message.is_serious() for message in check_settings(None)):
        # Whatever comes next would read them.
        return
    tables = _tables()
    yield tables
    if not tables.is_well:
        return
    try:
        product, found = _product(label, key)
    except DatabaseError as error:
        product, found = None, _wrong("Product", str(error).strip(), "Run manage.py migrate.")
    yield found
    model = PersonPhoto.objects.house_models().first()
    steps: list[tuple[str, Callable[[], Iterable[CheckResult]]]] = [
        ("Static files", lambda: [_assets()]),
        ("Storage", check_storage),
        ("Public address", check_public_url),
        ("Key", check_key),
        ("Poller", lambda: [_poller()]),
        ("House model", lambda: [_house_model(model)]),
    ]
    if product is not None:
        row = product
        steps[:0] = [
            ("Garment", lambda: _garment(row)),
            ("Product page", lambda: [_page(row)]),
            ("Form", lambda: [_form(row)]),
        ]
        last = _live if live else _sandbox
        steps.append(("A try-on", lambda: [last(row, model)]))
    for question, step in steps:
        try:
            yield from step()
        except (TryOnError, DatabaseError, NoReverseMatch, OSError) as error:
            yield _wrong(question, str(error))


def _well(question: str, message: str) -> CheckResult:
    return CheckResult(question, True, message)


def _wrong(question: str, message: str, advice: str = "") -> CheckResult:
    return CheckResult(question, False, message, advice)


def _system(question: str, each: Sequence[_Check]) -> Iterator[CheckResult]:
    found = [message for check in each for message in check(None)]
    for message in found:
        yield _wrong(question, f"{message.msg} ({message.id})", message.hint or "")
    if not found:
        yield _well(question, "right")


def _tables() -> CheckResult:
    question = "Tables"
    try:
        executor = MigrationExecutor(connections[TryOnJob.objects.write_alias()])
        leaves = executor.loader.graph.leaf_nodes("glam_tryon")
        missing = [str(migration) for migration, _back in executor.migration_plan(leaves)]
    except DatabaseError as error:
        return _wrong(question, f"the database does not answer: {str(error).strip()}")
    if missing:
        return _wrong(question, f"{', '.join(missing)} is not applied", "Run manage.py migrate.")
    return _well(question, "there")


def _product(label: str, key: str) -> tuple[Model | None, CheckResult]:
    question = "Product"
    if label:
        try:
            model = apps.get_model(label)
            garment_of(model)
            named: Model | None = model._default_manager.filter(pk=key).first()
        except (LookupError, ValueError, TypeError) as error:
            return None, _wrong(question, str(error))
        if named is None:
            return None, _wrong(question, f"there is no {label} with the key {key!r}")
        return named, _well(question, f"{named}")
    rows = 0
    for model in registered():
        for row in model._default_manager.order_by("pk")[:MOST_ROWS]:
            rows += 1
            if is_offered(row):
                return row, _well(question, f"{row} ({row._meta.label_lower}:{row.pk})")
    advice = "Add a product with a picture, or name one: --product shop.product:1."
    if rows:
        advice = "Name the one that you expect to be tried on: --product shop.product:1."
    return None, _wrong(question, f"none of {rows} has a button", advice)


def _garment(product: Model) -> Iterator[CheckResult]:
    question = "Garment"
    garment = garment_of(product)
    try:
        check_garment(product)
        picture = normalise(BytesIO(read_file(garment.get_image(product))))
    except (TryOnError, OSError) as error:
        yield _wrong(question, str(error), "Look at image= and mask_type= in tryon.py.")
        return
    if not is_offered(product):
        advice = "Look at enabled=, category= and TRYON_EXCLUDED."
        yield _wrong(question, "it is switched off, or its category is left out", advice)
    size = f"{picture.width} x {picture.height}"
    yield _well(question, f"a picture of {size} pixels, {garment.get_mask_type(product)}")


def _host() -> str:
    named = [host for host in settings.ALLOWED_HOSTS if host and host[0] not in "*."]
    return (urlsplit(conf.PUBLIC_BASE_URL).netloc if not named else named[0]) or "localhost"


def _get(url: str) -> tuple[int, str]:
    secure = bool(settings.SECURE_SSL_REDIRECT) or conf.PUBLIC_BASE_URL.startswith("https:")
    client = Client(raise_request_exception=False, headers={"host": _host()})
    answer = client.get(url, follow=True, secure=secure)
    body = b"" if answer.streaming else answer.content
    return answer.status_code, body.decode(errors="replace")


def _page(product: Model) -> CheckResult:
    question = "Product page"
    url = urlsplit(garment_of(product).get_url(product)).path
    if not url:
        advice = "Give the model get_absolute_url, or register it with url=."
        return _wrong(question, f"{product._meta.label} has no address", advice)
    status, html = _get(url)
    if status != 200:
        return _wrong(question, f"{url} answers with {status}")
    if "<glam-tryon" not in html:
        advice = "Put {% load glam_tryon %}{% tryon_button product %} into its template."
        return _wrong(question, f"{url} has no button", advice)
    if "data-glam-tryon-dialog" not in html:
        advice = "Put {% load glam_tryon %}{% tryon_assets %} into its head."
        return _wrong(question, f"{url} has a button, but neither styles nor script", advice)
    return _well(question, f"{url} has a button, styles and script")


def _form(product: Model) -> CheckResult:
    question = "Form"
    try:
        url = reverse("glam_tryon:start", args=[product._meta.label_lower, str(product.pk)])
    except NoReverseMatch:
        return _wrong(question, "the URLs are not included")
    status, html = _get(url)
    if status != 200:
        return _wrong(question, f"{url} answers with {status}", "The log says why.")
    if escape(garment_of(product).get_title(product)) not in html:
        advice = "Look whether glam_tryon/base.html shows the block 'content'."
        return _wrong(question, f"{url} does not name the product", advice)
    return _well(question, f"{url} shows it")


def _assets() -> CheckResult:
    question = "Static files"
    try:
        return _well(question, static("glam_tryon/glam_tryon.js"))
    except ValueError as error:
        return _wrong(question, str(error), "Run manage.py collectstatic.")


def _poller() -> CheckResult:
    if found := problems():
        return _wrong("Poller", "; ".join(found), "manage.py poll_tryon_jobs has to run.")
    return _well("Poller", "it runs")


def _house_model(model: PersonPhoto | None) -> CheckResult:
    if model is None:
        advice = "Add one in the admin: shoppers without a photo at hand see nothing to try."
        return _wrong("House model", "there is none", advice)
    return _well("House model", model.title or str(model.pk))


# One try-on.


def _figure() -> bytes:
    """Draw somebody for the sandbox, which looks at nothing."""
    figure = Image.new("RGB", (480, 640), "white")
    draw = ImageDraw.Draw(figure)
    draw.ellipse((190, 40, 290, 160), fill="#c68863")
    draw.rectangle((160, 170, 320, 600), fill="#4466aa")
    out = BytesIO()
    figure.save(out, "JPEG")
    return out.getvalue()


def _sandbox(product: Model, model: PersonPhoto | None) -> CheckResult:
    """Order one from a sandbox, past the database: a poller that runs must not find a job."""
    question = "A try-on in the sandbox"
    if provider_class().__module__.partition(".providers.")[2].split(".")[0] != "glam":
        return _well(question, "left out: the sandbox stands for another provider")
    garment = garment_of(product)
    began = time.monotonic()
    try:
        clothes = normalise(BytesIO(read_file(garment.get_image(product)))).content
        person = _figure() if model is None else read_file(model.image)
        with Sandbox(seconds_per_tryon=0.2) as sandbox:
            picture = inspect_picture(
                _drawn(sandbox, person, clothes, garment.get_mask_type(product))
            )
    except (TryOnError, OSError) as error:
        return _wrong(question, str(error))
    seconds = time.monotonic() - began
    return _well(question, f"{picture.width} x {picture.height} pixels in {seconds:.1f} s")


def _drawn(sandbox: Sandbox, person: bytes, clothes: bytes, mask_type: str) -> bytes:
    provider = provider_class()(
        api_key=lambda: sandbox.api_keys[0],
        base_url=sandbox.base_url,
        connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=READ_TIMEOUT_SECONDS,
        deadline_seconds=SANDBOX_SECONDS,
    )
    try:
        urls = []
        for content, name in ((person, "photo.jpg"), (clothes, "garment.jpg")):
            uploaded = provider.upload(content, name, "image/jpeg")
            if uploaded.outcome.verdict is not Verdict.OK:
                raise TryOnError(f"the upload ended with {uploaded.outcome.code}")
            urls.append(uploaded.file_url)
        submitted = provider.submit(photo_url=urls[0], garment_url=urls[1], mask_type=mask_type)
        if submitted.outcome.verdict is not Verdict.OK:
            raise TryOnError(f"the submission ended with {submitted.outcome.code}")
        end = time.monotonic() + SANDBOX_SECONDS
        polled = Polled(submitted.outcome)
        while polled.status not in (RemoteStatus.READY, RemoteStatus.FAILED):
            if time.monotonic() > end:
                raise TryOnError("the sandbox did not finish it")
            time.sleep(0.1)
            polled = provider.poll(submitted.event_id)
    finally:
        provider.close()
    if not polled.media_urls:
        raise TryOnError(f"it failed: {polled.reason}")
    return fetch_bytes(polled.media_urls[0], result_hosts=sandbox.result_hosts, allow_loopback=True)


def _live(product: Model, model: PersonPhoto | None) -> CheckResult:
    """Order one as the shop, and help the shop's pollers until it is over."""
    question = "A try-on"
    if model is None:
        return _wrong(question, "left out: there is no house model to wear it")
    began = time.monotonic()
    try:
        job = jobs.request_tryon(product, photo=model, reuse=False, reference="tryon_doctor")
    except TryOnError as error:
        return _wrong(question, str(error))
    while job.status not in CLOSED and time.monotonic() < began + LIVE_SECONDS:
        Poller(threads=1).run(once=True)
        time.sleep(0.5)
        job.refresh_from_db()
    if job.status != Status.READY:
        why = job.error_code or "it is not over yet"
        return _wrong(question, f"job {job.pk} is {job.status}: {why} {job.error_message}".strip())
    return _well(question, f"job {job.pk} is ready after {time.monotonic() - began:.0f} s")
