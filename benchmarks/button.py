"""What one ``{% tryon_button %}`` costs in a page of a hundred, without a query.

Beside it, in the same loop, the least that a tag of this kind can do: a ``simple_tag`` that formats
one link with a translated text. Measured in time of the processor, for other work on the machine
is not the button's; the loop itself is taken off.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from django import template
from django.http import HttpRequest
from django.template import Context, Engine
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, override

from benchmarks.table import table
from example_project.shop.models import Product
from glam_tryon.analytics.event_buffer import clear
from glam_tryon.templatetags.glam_tryon import register as ours

BUTTONS, ROUNDS = 100, 200
#: Microseconds that a button may take.
MOST = 15.0

PLAIN, BUTTON = "a simple_tag with one link", "tryon_button"
IN_A_REQUEST = f"{BUTTON}, in a request"

_plain = template.Library()


@_plain.simple_tag
def plain_link(product: Product) -> SafeString:
    """One link, formatted."""
    return format_html('<a href="{}">{}</a>', product.pk, gettext("Try it on"))


SOURCES: dict[str, tuple[str, dict[str, object]]] = {
    "an empty loop": ("", {}),
    PLAIN: ("{% plain_link p %}", {}),
    BUTTON: ("{% tryon_button p %}", {}),
    IN_A_REQUEST: ("{% tryon_button p %}", {"request": HttpRequest()}),
}


def main(_arguments: Sequence[str] = ()) -> None:
    """Print the table."""
    times = measure()
    rows = [(name, f"{least:.2f}", f"{median:.2f}") for name, (least, median) in times.items()]
    print(table("Microseconds a button", ("", "least", "median"), rows))
    ratio = times[BUTTON][0] / times[PLAIN][0]
    print(f"{BUTTON}: {ratio:.2f} x the plain tag; at most {MOST} us is wanted")


def measure(rounds: int = ROUNDS) -> dict[str, tuple[float, float]]:
    """Return the least and the median time of each source, in microseconds a button.

    They take turns, so that what slows the machine down for a while slows all of them down.
    """
    engine = Engine()
    engine.template_builtins += [ours, _plain]
    products = [Product(pk=number, name=f"Garment {number}") for number in range(BUTTONS)]
    taken: dict[str, list[float]] = {name: [] for name in SOURCES}
    pages = {
        name: engine.from_string(f"{{% for p in products %}}{source}{{% endfor %}}")
        for name, (source, _) in SOURCES.items()
    }
    with override("de"):
        for number in range(rounds + 10):
            for name, (_, extra) in SOURCES.items():
                context = Context({"products": products, **extra})
                begun = time.process_time()
                pages[name].render(context)
                if number >= 10:
                    taken[name].append((time.process_time() - begun) / BUTTONS * 1e6)
    # Nobody saw these.
    clear()
    loop = min(taken["an empty loop"])
    return {
        name: (min(times) - loop, statistics.median(times) - loop) for name, times in taken.items()
    }
