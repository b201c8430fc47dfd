"""A person with a browser that runs no script: follows links, fills in forms, presses buttons."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

#: A browser's own header; a shop with several languages looks at it.
HEADERS = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "en-GB,en;q=0.9"}
JSON = {"Accept": "application/json"}
SECONDS = 120
#: Keys in a path: links that differ by them only lead to pages of one kind.
_KEYS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=[/.])|(?<=/shared/)[\w-]+")


class Wrong(AssertionError):
    """What a page or a command answered was not what a person would expect."""


@dataclass
class Form:
    """One form of a page as it would be sent, with its buttons."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)

    def names(self) -> set[str]:
        return {name for name, _value in self.fields}


class Page(HTMLParser):
    """The links, pictures and forms of a page."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.url, self.html = response.url, response.text
        self.links: list[str] = []
        self.sources: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self._textarea: tuple[str, str] | None = None
        if "html" in response.headers.get("Content-Type", ""):
            self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href") and not given["href"].startswith(("#", "?")):
            self.links.append(urljoin(self.url, given["href"]))
        elif tag in ("img", "script") and given.get("src"):
            self.sources.append(urljoin(self.url, given["src"]))
        elif tag == "link" and given.get("rel") == "stylesheet":
            self.sources.append(urljoin(self.url, given["href"]))
        elif tag == "form":
            action = urljoin(self.url, given.get("action", "") or self.url)
            self._form = Form(action, given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None and "disabled" not in given:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type", "")
        if tag == "button" or (tag == "input" and kind == "submit"):
            self._form.buttons.append((name, value, given.get("formaction", "")))
        elif tag == "input" and kind in ("checkbox", "radio"):
            if "checked" in given:
                self._form.fields.append((name, value or "on"))
        elif tag == "input" and name and kind not in ("file", "button", "image", "reset"):
            self._form.fields.append((name, value))
        elif tag == "select":
            self._select = (name, [])
        elif tag == "option" and self._select is not None:
            self._select[1].append((value, "selected" in given))
        elif tag == "textarea":
            self._textarea = (name, "")

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self._textarea = (self._textarea[0], self._textarea[1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._textarea is not None and self._form is not None:
            self._form.fields.append(self._textarea)
            self._textarea = None
        elif tag == "select" and self._select is not None and self._form is not None:
            name, options = self._select
            chosen = [value for value, is_chosen in options if is_chosen]
            # A list of one choice sends its first option where none is marked.
            self._form.fields += [(name, value) for value in chosen or [v for v, _ in options[:1]]]
            self._select = None

    def form(self, *, has: str = "", action: str = "") -> Form:
        """Return the form that has a field or button of this name, or an action with this in it."""
        for form in self.forms:
            named = form.names() | {name for name, _value, _action in form.buttons}
            if (not has or has in named) and action in form.action:
                return form
        raise Wrong(f"{self.url} has no form with {has or action!r}")

    def link(self, part: str) -> str:
        """Return the first link with this in it."""
        for link in self.links:
            if part in link:
                return link
        raise Wrong(f"{self.url} has no link with {part!r}; it has {self.links}")


class Person:
    """Somebody with cookies of their own."""

    def __init__(self, shop: str, followed: set[str], foreign: tuple[str, str] = ("", "")) -> None:
        self.shop, self.followed = shop, followed
        #: Pages below the first address may not link to what is below the second.
        self.home, self.abroad = foreign
        self.session = requests.Session()
        # Nothing of this machine's proxies or .netrc belongs into a talk with 127.0.0.1.
        self.session.trust_env = False
        self.session.headers.update(HEADERS)

    def get(self, path: str, status: int = 200, **headers: str) -> requests.Response:
        """Open an address of the shop."""
        url = urljoin(self.shop, path)
        return self._expect(self.session.get(url, headers=headers or None, timeout=SECONDS), status)

    def page(self, path: str, status: int = 200, **headers: str) -> Page:
        """Open a page and read it."""
        return self._read(self.get(path, status, **headers))

    def json(self, path: str) -> Any:
        """Open an address as the widget's script does."""
        return self.get(path, **JSON).json()

    def picture(self, path: str) -> bytes:
        """Open a picture."""
        response = self.get(path)
        if not response.headers.get("Content-Type", "").startswith("image/"):
            raise Wrong(f"{path} is {response.headers.get('Content-Type')}, no picture")
        return response.content

    def press(
        self,
        form: Form,
        button: str | tuple[str, str] = "",
        *,
        status: int = 200,
        files: Any = None,
        headers: dict[str, str] | None = None,
        **filled: Any,
    ) -> requests.Response:
        """Send a form as it stands, with these fields filled in, by one of its buttons.

        A field of which the value is None is left out; a list sends its name several times.
        """
        fields = [(name, value) for name, value in form.fields if name not in filled]
        action = form.action
        for name, value in filled.items():
            values = value if isinstance(value, list) else [value]
            fields += [(name, each) for each in values if each is not None]
        if button:
            wanted = button if isinstance(button, tuple) else (button, None)
            for name, value, elsewhere in form.buttons:
                if name == wanted[0] and wanted[1] in (None, value):
                    fields.append((name, value))
                    action = urljoin(form.action, elsewhere) if elsewhere else action
                    break
            else:
                raise Wrong(f"the form for {form.action} has no button {button}: {form.buttons}")
        response = self.session.request(
            form.method.upper(),
            action,
            **{"params" if form.method == "get" else "data": fields},
            files=files,
            # What browsers send along, and CSRF protection asks for over https.
            headers={"Referer": form.action, **(headers or {})},
            timeout=SECONDS,
        )
        return self._expect(response, status)

    def pressed(self, form: Form, button: str | tuple[str, str] = "", **filled: Any) -> Page:
        """Send a form and read the page that comes."""
        return self._read(self.press(form, button, **filled))

    def _expect(self, response: requests.Response, status: int) -> requests.Response:
        if response.status_code != status:
            text = re.sub(
                r"\s+", " ", re.sub(r"(?s)<(style|script).*?</\1>|<[^>]*>", " ", response.text)
            )
            raise Wrong(
                f"{response.request.method} {response.url} answers {response.status_code}, "
                f"not {status}: {text[:1500]}"
            )
        return response

    def _read(self, response: requests.Response) -> Page:
        """Read a page, and follow one link of each kind that nobody followed yet."""
        page = Page(response)
        actions = [form.action for form in page.forms]
        for link in [*page.links, *page.sources, *actions] if self.abroad else ():
            if page.url.startswith(self.home) and link.startswith(self.abroad):
                raise Wrong(f"{page.url} links into another site: {link}")
        for link in [*page.links, *page.sources]:
            kind = _KEYS.sub("*", urlsplit(link).path)
            if link.startswith(self.shop) and kind not in self.followed and "logout" not in kind:
                self.followed.add(kind)
                answer = self.session.get(link, headers={"Referer": page.url}, timeout=SECONDS)
                if answer.status_code != 200:
                    raise Wrong(f"{page.url} links to {link}, which is {answer.status_code}")
        return page
