"""What a browser reads out of a page before it can send its form: links and hidden fields."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """The links and the form fields of one page, in their order.

    ``links`` holds every ``href`` and ``action``; ``fields`` the values of named inputs.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fields: dict[str, str] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.links += [value for name, value in attrs if name in ("href", "action") and value]
        name = attributes.get("name")
        if tag == "input" and name:
            self.fields.setdefault(name, attributes.get("value") or "")
