"""The one undocumented name that the exchange needs: for which versions it holds."""

from __future__ import annotations

import configparser
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from glam_tryon.providers import connections
from glam_tryon.providers.connections import Exchange
from glam_tryon.providers.http import Answer, get
from tests.providers.servers import answer

SETUP = Path(__file__).parents[2] / "setup.cfg"
LIBRARIES = ("requests", "requests-hardened", "urllib3")


@pytest.fixture(scope="module")
def bounds() -> dict[str, Requirement]:
    setup = configparser.ConfigParser()
    setup.read(SETUP)
    lines = setup["options"]["install_requires"].split("\n")
    return {found.name: found for found in map(Requirement, filter(None, lines))}


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_version_that_is_tested_is_one_that_shops_may_install(bounds, library):
    assert bounds[library].specifier.contains(version(library))


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_shop_installs_a_major_version_that_nobody_tested(bounds, library):
    major = int(version(library).split(".")[0])
    assert not bounds[library].specifier.contains(f"{major + 1}.0")


@pytest.mark.parametrize("is_tls", [False, True])
def test_every_byte_passes_the_socket_that_connect_made(
    serve, server_tls, certificate, monkeypatch, is_tls
):
    written, read = bytearray(), bytearray()
    real_send, real_read = connections._Timed.sendall, connections._Timed.recv_into

    def sendall(self, data, flags=0):
        written.extend(data)
        real_send(self, data, flags)

    def recv_into(self, buffer, *args, **kwargs):
        count = real_read(self, buffer, *args, **kwargs)
        read.extend(memoryview(buffer)[:count])
        return count

    monkeypatch.setattr(connections._Timed, "sendall", sendall)
    monkeypatch.setattr(connections._Timed, "recv_into", recv_into)
    server = serve(answer(b"a body"), tls=server_tls if is_tls else None)
    heard = get(
        f"{server.url}/a", Exchange(5, 5, 5), max_body_bytes=100, ca_bundle=str(certificate)
    )
    assert isinstance(heard, Answer)
    assert heard.body == b"a body"
    assert written.startswith(b"GET /a HTTP/1.1\r\n")
    assert written.endswith(b"\r\n\r\n")
    assert read.startswith(b"HTTP/1.1 200")
    assert read.endswith(b"a body")
    assert server.received == len(written)
