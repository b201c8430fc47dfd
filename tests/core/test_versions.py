"""Deletion from a bucket that keeps old versions: none of them is left."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

from example_project.demo_s3 import Bucket
from example_project.storage import private_bucket
from glam_tryon.exceptions import FileUnavailable
from glam_tryon.files import delete_file

NAME = "glam_tryon/photos/a.jpg"


@pytest.fixture
def storage(s3: Bucket, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The shop's storage on a real server; the bucket keeps versions from now on."""
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    backend = private_bucket(s3.name)
    backend["OPTIONS"]["location"] = "tryons"
    settings.STORAGES = {**settings.STORAGES, "versioned": backend}
    client = s3.client()
    client.put_bucket_versioning(Bucket=s3.name, VersioningConfiguration={"Status": "Enabled"})
    yield storages["versioned"]
    client.put_bucket_versioning(Bucket=s3.name, VersioningConfiguration={"Status": "Suspended"})


def versions(s3: Bucket, prefix: str = "") -> list[tuple[str, str]]:
    """Every version and delete marker, by kind and key."""
    answer = s3.client().list_object_versions(Bucket=s3.name, Prefix=f"tryons/{prefix}")
    return sorted(
        (kind, entry["Key"])
        for kind in ("Versions", "DeleteMarkers")
        for entry in answer.get(kind, [])
    )


@pytest.mark.s3
def test_every_version_and_delete_marker_of_the_file_goes(s3: Bucket, storage: Any) -> None:
    for content in (b"first", b"second"):
        storage.bucket.put_object(Key=f"tryons/{NAME}", Body=io.BytesIO(content))
    storage.delete(NAME)
    storage.bucket.put_object(Key=f"tryons/{NAME}", Body=io.BytesIO(b"third"))
    assert [kind for kind, _key in versions(s3)] == ["DeleteMarkers", *["Versions"] * 3]
    delete_file(NAME, storage=storage)
    assert versions(s3) == []


@pytest.mark.s3
def test_a_file_whose_name_begins_the_same_stays(s3: Bucket, storage: Any) -> None:
    storage.save(NAME, ContentFile(b"goes"))
    storage.save(f"{NAME}.old.jpg", ContentFile(b"stays"))
    delete_file(NAME, storage=storage)
    assert versions(s3) == [("Versions", f"tryons/{NAME}.old.jpg")]
    delete_file(f"{NAME}.old.jpg", storage=storage)
    assert versions(s3) == []


@pytest.mark.s3
def test_what_was_deleted_without_its_versions_can_be_deleted_for_good(
    s3: Bucket, storage: Any
) -> None:
    storage.save(NAME, ContentFile(b"photo"))
    storage.delete(NAME)
    assert not storage.exists(NAME)
    assert versions(s3) != []
    delete_file(NAME, storage=storage)
    assert versions(s3) == []


class Versioned(FileSystemStorage):
    """A storage whose bucket answers as a test scripted it."""

    def __init__(self, bucket: Any, location: str) -> None:
        super().__init__(location=location)
        self.bucket = bucket


def scripted(tmp_path: Any) -> tuple[Versioned, Stubber]:
    resource = boto3.resource(
        "s3", region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )
    storage = Versioned(resource.Bucket("media"), str(tmp_path))
    return storage, Stubber(resource.meta.client)


@pytest.mark.parametrize("code", ["NotImplemented", "MethodNotAllowed", "NotSupported"])
def test_a_service_that_knows_no_versions_has_none(tmp_path: Any, code: str) -> None:
    storage, stub = scripted(tmp_path)
    stub.add_client_error("list_object_versions", code)
    with stub:
        delete_file(NAME, storage=storage)
    stub.assert_no_pending_responses()


def test_a_bucket_that_does_not_say_is_no_proof_and_the_error_names_the_permission(
    tmp_path: Any,
) -> None:
    storage, stub = scripted(tmp_path)
    stub.add_client_error("list_object_versions", "AccessDenied")
    with stub, pytest.raises(FileUnavailable, match="s3:ListBucketVersions"):
        delete_file(NAME, storage=storage)


def test_a_version_that_is_left_is_an_error(tmp_path: Any) -> None:
    storage, stub = scripted(tmp_path)
    key = f"{tmp_path}/{NAME}".strip("/")
    found = {"Versions": [{"Key": key, "VersionId": "1"}], "IsTruncated": False}
    stub.add_response("list_object_versions", found)
    stub.add_response("delete_objects", {"Errors": [{"Key": key, "Code": "InternalError"}]})
    with stub, pytest.raises(OSError, match="1 versions are left: InternalError"):
        delete_file(NAME, storage=storage)
    stub.assert_no_pending_responses()


def test_a_storage_without_a_bucket_is_asked_for_the_file_only(tmp_path: Any) -> None:
    storage = FileSystemStorage(location=str(tmp_path))
    name = storage.save("a.jpg", ContentFile(b"photo"))
    delete_file(name, storage=storage)
    assert not storage.exists(name)
