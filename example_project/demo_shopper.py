"""The demo's check: a shopper by plain HTTP, from the product page to the picture."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from PIL import Image

from example_project.demo_family import DemoError, Family
from example_project.demo_form import Page
from example_project.demo_s3 import Bucket

PEOPLE = Path(__file__).resolve().parent / "shop" / "pictures" / "people"
READY_SECONDS = 60.0
ASK_SECONDS = 0.25
JSON = {"Accept": "application/json"}


def check(shop: str, environment: dict[str, str], bucket: Bucket | None, family: Family) -> None:
    """Order one try-on and follow it to the stored picture, printing each step.

    Raises DemoError, saying what was expected, when a step goes wrong.
    """
    shopper = Shopper(shop)
    began = time.monotonic()
    job = shopper.order(_picture_of_a_person())
    print(f"Job {job['id']}: {job['title']}")
    job = _follow(shopper, job, began, family)
    content = shopper.download(job["results"][0]["url"])
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        print(f"Downloaded through the shop: {image.format} {image.width} x {image.height}")
    stored = json.loads(_stored(job["id"], environment, family))[0]
    _compare(content, stored, bucket)


def _follow(shopper: Shopper, job: dict[str, Any], began: float, family: Family) -> dict[str, Any]:
    seen = ""
    while True:
        if job["status"] != seen:
            seen = job["status"]
            print(f"  {time.monotonic() - began:6.2f} s  {seen}", flush=True)
        if job["over"]:
            break
        if job["error"] or time.monotonic() - began > READY_SECONDS:
            reason = job["error"] or f"not ready after {READY_SECONDS:g} s"
            raise DemoError(f"the job stays {seen}: {reason}")
        family.check()
        time.sleep(ASK_SECONDS)
        job = shopper.ask(job["url"])
    if seen != "ready" or not job["results"]:
        raise DemoError(f"the job ended as {seen}, not ready: {job['error']}")
    return job


def _stored(job_id: str, environment: dict[str, str], family: Family) -> str:
    command = [sys.executable, "-W", "ignore", "-m", "example_project.demo_stored", job_id]
    return family.run("stored", command, environment).splitlines()[-1]


def _compare(content: bytes, stored: dict[str, Any], bucket: Bucket | None) -> None:
    if bucket:
        # Asked by a client of its own: the shop's word is not enough.
        answer = bucket.client().get_object(Bucket=bucket.name, Key=stored["name"])
        kept = answer["Body"].read()
        print(f"Stored: s3://{bucket.name}/{stored['name']}, {len(kept)} bytes")
        anonymous = requests.get(f"{bucket.endpoint}/{bucket.name}/{stored['name']}", timeout=10)
        if anonymous.status_code != 403:
            raise DemoError(f"the bucket answers anybody: status {anonymous.status_code}, not 403")
    else:
        kept = Path(stored["path"]).read_bytes()
        print(f"Stored: {stored['path']}, {len(kept)} bytes")
    if not kept == content or hashlib.sha256(kept).hexdigest() != stored["sha256"]:
        raise DemoError("the stored picture is not the one that the shop serves")


def _picture_of_a_person() -> Path:
    pictures = sorted(PEOPLE.glob("*.jpg"))
    if not pictures:
        raise DemoError(f"there is no picture of a person in {PEOPLE}")
    return pictures[0]


class Shopper:
    """A session with the shop: cookies kept, forms read, links followed."""

    def __init__(self, shop: str) -> None:
        self.shop = shop
        self.session = requests.Session()
        # Nothing of this machine's proxies or .netrc belongs into a talk with 127.0.0.1.
        self.session.trust_env = False

    def order(self, photo: Path) -> dict[str, Any]:
        """Go from the shop's first page to the form, agree, upload, and return the job."""
        products = [link for link in self.page("/").links if link.startswith("/clothes/")]
        if not products:
            raise DemoError("the shop's first page links to no product")
        starts = [link for link in self.page(products[0]).links if _begins_a_try_on(link)]
        if not starts:
            raise DemoError(f"the product page {products[0]} has no try-on button")
        fields = self.page(starts[0]).fields
        wanted = ("csrfmiddlewaretoken", "consent_sha256", "request_id")
        missing = [name for name in wanted if not fields.get(name)]
        if missing:
            raise DemoError(f"the form at {starts[0]} lacks {', '.join(missing)}")
        with photo.open("rb") as file:
            response = self.session.post(
                urljoin(self.shop, starts[0]),
                data={name: fields[name] for name in wanted} | {"consent": "on"},
                files={"photo": (photo.name, file, "image/jpeg")},
                headers=JSON,
                timeout=30,
            )
        return self._json(response, 201)

    def ask(self, link: str) -> dict[str, Any]:
        """Return the job as it stands now."""
        return self._json(self._get(link, JSON), 200)

    def download(self, link: str) -> bytes:
        """Return a picture's bytes."""
        response = self._get(link)
        kind = response.headers.get("Content-Type", "")
        if response.status_code != 200 or not kind.startswith("image/"):
            raise DemoError(f"GET {link}: expected a picture, got {response.status_code} {kind}")
        return response.content

    def page(self, link: str) -> Page:
        """Return a page of the shop, read."""
        response = self._get(link)
        if response.status_code != 200:
            raise DemoError(f"GET {link}: expected status 200, got {response.status_code}")
        return Page(response.text)

    def _get(self, link: str, headers: dict[str, str] | None = None) -> requests.Response:
        return self.session.get(urljoin(self.shop, link), headers=headers, timeout=30)

    def _json(self, response: requests.Response, status: int) -> dict[str, Any]:
        if response.status_code != status:
            where = f"{response.request.method} {urlsplit(response.url).path}"
            text = response.text[:500]
            raise DemoError(f"{where}: expected {status}, got {response.status_code}: {text}")
        answer: dict[str, Any] = response.json()
        return answer


def _begins_a_try_on(link: str) -> bool:
    parts = link.strip("/").split("/")
    return parts[:2] == ["tryon", "new"] and len(parts) == 4
