"""Glam's contract, as its quick start and its public clients know it."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from glam_tryon.sandbox import Sandbox

from .conftest import KEY, Shop, garment, jpeg, person


def test_the_vendors_quick_start_works_with_only_the_address_changed(shop: Shop) -> None:
    base = shop.glam.base_url
    headers = {"X-API-Key": "sandbox-key", "accept": "application/json"}
    body = {"media_url": shop.photo, "garment_url": shop.garment, "mask_type": "overall"}

    event_id = requests.post(f"{base}/tryon", headers=headers, json=body).json()["event_id"]
    while (answer := requests.get(f"{base}/tryon/{event_id}", headers=headers).json())[
        "status"
    ] in ("IN_QUEUE", "IN_PROGRESS"):
        time.sleep(0.01)

    assert answer["status"] == "READY"
    picture = requests.get(answer["media_urls"][0])
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert picture.content[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "tryon"), ("GET", "tryon/x"), ("POST", "upload")]
)
def test_without_the_right_key_every_operation_answers_401(
    glam: Sandbox, headers: dict[str, str], method: str, path: str
) -> None:
    answer = requests.request(method, f"{glam.base_url}/{path}", headers=headers)

    assert answer.status_code == 401
    assert answer.json() == {"detail": "Invalid or missing API key"}
    assert glam.accepted == []


def test_a_key_can_be_changed_while_it_runs(shop: Shop) -> None:
    shop.glam.api_keys = ("new-key",)

    assert shop.post().status_code == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"mask_type": "shoes"},
            {
                "type": "enum",
                "loc": ["body", "mask_type"],
                "msg": "Input should be 'overall', 'upper' or 'lower'",
            },
        ),
        (
            {"media_url": "/photo.jpg"},
            {
                "type": "url_parsing",
                "loc": ["body", "media_url"],
                "msg": "Input should be a valid URL",
            },
        ),
        (
            {"garment_url": 3},
            {
                "type": "string_type",
                "loc": ["body", "garment_url"],
                "msg": "Input should be a valid string",
            },
        ),
    ],
)
def test_a_wrong_value_is_answered_as_fastapi_does(
    shop: Shop, changes: dict[str, Any], error: dict[str, object]
) -> None:
    answer = shop.post(**changes)

    assert answer.status_code == 422
    assert answer.json() == {"detail": [error]}


def test_every_missing_field_is_named(glam: Sandbox) -> None:
    answer = requests.post(f"{glam.base_url}/tryon", json={}, headers=KEY)

    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["detail"]] == [
        ["body", "media_url"],
        ["body", "garment_url"],
        ["body", "mask_type"],
    ]


def test_a_body_that_is_not_json_is_answered_422(glam: Sandbox) -> None:
    headers = KEY | {"Content-Type": "application/json"}
    answer = requests.post(f"{glam.base_url}/tryon", data="{", headers=headers)

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "json_invalid"


def test_a_form_is_no_submission(glam: Sandbox) -> None:
    answer = requests.post(f"{glam.base_url}/tryon", data={"mask_type": "upper"}, headers=KEY)

    assert answer.status_code == 422


def test_a_request_of_unknown_length_is_refused(glam: Sandbox) -> None:
    answer = requests.post(f"{glam.base_url}/tryon", data=iter([b"{}"]), headers=KEY)

    assert answer.status_code == 413


def test_an_event_that_was_never_taken_is_404(shop: Shop) -> None:
    assert shop.ask("nobody").status_code == 404
    assert shop.ask("nobody").json() == {"detail": "Event not found"}


def test_other_methods_and_paths_are_refused(glam: Sandbox) -> None:
    assert requests.get(f"{glam.base_url}/tryon", headers=KEY).status_code == 405
    assert requests.get(f"{glam.base_url}/other", headers=KEY).status_code == 404


def test_an_upload_comes_back_byte_for_byte_from_the_result_port(shop: Shop) -> None:
    content = jpeg(person(), "PNG") + b"\r\n--x\r\n\r\n" + bytes(range(256))
    url = shop.upload(content)

    assert url.split("/")[2] in shop.glam.result_hosts
    answer = requests.get(url)
    assert answer.content == content
    assert answer.headers["Content-Type"] == "image/png"


def test_an_upload_without_a_file_is_422(glam: Sandbox) -> None:
    answer = requests.post(
        f"{glam.base_url}/upload", files={"picture": jpeg(garment())}, headers=KEY
    )

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "file"]


def test_results_come_from_another_host_name_and_port(shop: Shop) -> None:
    url = shop.result_url()

    assert url.startswith(f"http://{shop.glam.result_hosts[0]}/comfyui/processings/api/outputs/")
    assert url.endswith("-u1_0.jpg")
    assert shop.glam.base_url.split("/")[2] not in shop.glam.result_hosts


def test_a_result_can_be_asked_for_by_head(shop: Shop) -> None:
    url = shop.result_url()
    head = requests.head(url)

    assert head.status_code == 200
    assert head.headers["Content-Length"] == str(len(requests.get(url).content))
