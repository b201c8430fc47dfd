"""Which addresses of results are asked, judged by their text (fault 22)."""

from __future__ import annotations

import pytest

from glam_tryon.exceptions import UnsafeResultURL
from glam_tryon.providers.download import checked

HOSTS = (".getglam.app", "cdn.example.com", "files.example.com:8443")


@pytest.mark.parametrize(
    "url",
    [
        "https://static.getglam.app/comfyui/outputs/a-u1_0.jpg",
        "https://getglam.app/a.jpg",
        "https://a.b.getglam.app:443/a.jpg?x=1#y",
        "HTTPS://STATIC.GETGLAM.APP/a.jpg",
        "https://cdn.example.com/a.jpg",
        "https://files.example.com:8443/a.jpg",
    ],
)
def test_listed_hosts_over_https_are_asked(url):
    assert checked(url, result_hosts=HOSTS, allow_loopback=False).url == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        b"https://static.getglam.app/a.jpg",
        ["https://static.getglam.app/a.jpg"],
        "",
        "/a.jpg",
        "//static.getglam.app/a.jpg",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "ftp://static.getglam.app/a.jpg",
        "http://static.getglam.app/a.jpg",
        "https://static.getglam.app:8443/a.jpg",
        "https://static.getglam.app:0/a.jpg",
        "https://static.getglam.app:99999/a.jpg",
        "https://static.getglam.app:x/a.jpg",
        "https://user@static.getglam.app/a.jpg",
        "https://user:word@static.getglam.app/a.jpg",
        "https://evil.example@static.getglam.app/a.jpg",
        "https://static.getglam.app@evil.example/a.jpg",
        "https://static.getglam.app\\@evil.example/a.jpg",
        "https://static.getglam.app.evil.example/a.jpg",
        "https://evilgetglam.app/a.jpg",
        "https://sub.cdn.example.com/a.jpg",
        "https://files.example.com/a.jpg",
        "https://stätic.getglam.app/a.jpg",
        "https://static.getglam。app/a.jpg",
        "https://static.getglam.app/ä.jpg",
        "https://static.getglam.app/a b.jpg",
        "https://static.getglam.app/a.jpg\r\nX: y",
        " https://static.getglam.app/a.jpg",
        "https://static.getglam.app/" + "a" * 100_000,
        "https://[::1]/a.jpg",
        "https://[/a.jpg",
        "https://127.0.0.1/a.jpg",
        "https://2130706433/a.jpg",
        "https://0177.0.0.1/a.jpg",
        "https://169.254.169.254/latest/meta-data",
        "http://localhost/a.jpg",
        "https://.getglam.app/a.jpg",
    ],
)
def test_fault_22_everything_else_is_refused(url):
    with pytest.raises(UnsafeResultURL) as caught:
        checked(url, result_hosts=HOSTS, allow_loopback=False)
    assert "a.jpg" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8001/a.jpg", "http://localhost:8001/a", "https://[::1]:1/a.jpg"]
)
def test_this_machine_is_asked_for_the_sandbox_only(url):
    assert checked(url, result_hosts=HOSTS, allow_loopback=True).is_loopback
    with pytest.raises(UnsafeResultURL):
        checked(url, result_hosts=HOSTS, allow_loopback=False)


@pytest.mark.parametrize(
    "url", ["http://static.getglam.app/a.jpg", "http://10.0.0.1/a.jpg", "ftp://localhost/a.jpg"]
)
def test_the_sandbox_opens_nothing_but_this_machine(url):
    with pytest.raises(UnsafeResultURL):
        checked(url, result_hosts=HOSTS, allow_loopback=True)
