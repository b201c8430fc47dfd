"""``{% tryon_assets %}``, ``{% tryon_button product %}`` and ``{% tryon_policy %}``."""

from __future__ import annotations

from typing import Any, Literal

from django import template
from django.db.models import Model
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from glam_tryon.analytics.event_buffer import buffer_event
from glam_tryon.analytics.holdout import sees_buttons
from glam_tryon.conf import conf
from glam_tryon.exceptions import NotRegistered
from glam_tryon.limits.availability import is_offered, may_see
from glam_tryon.models.statistics import Event
from glam_tryon.privacy.retention_text import schedule
from glam_tryon.views.product import around_key, key_of

register = template.Library()

_NO_PRODUCT = "it got a {type} ({value!r:.80}) in place of a product."
_KNOWN = "glam_tryon_buttons"
_Around = dict[tuple[str | None, type[Model], str], tuple[str, str]]


@register.simple_tag
def tryon_assets() -> SafeString:
    """The stylesheet and the loader; once a page, in its head."""
    return format_html(
        '<link rel="stylesheet" href="{}">'
        '<script type="module" src="{}" data-glam-tryon-dialog="{}" '
        'data-elsewhere="{}" data-waiting="{}" data-extras="{}" data-close="{}" data-loading="{}" '
        'data-unreachable="{}" data-again="{}"></script>',
        static("glam_tryon/glam_tryon.css"),
        static("glam_tryon/glam_tryon.js"),
        # Storages with hashed names do not follow a name inside a module.
        static("glam_tryon/dialog.js"),
        static("glam_tryon/elsewhere.js"),
        static("glam_tryon/waiting.js"),
        static("glam_tryon/extras.css"),
        gettext("Close"),
        gettext("One moment…"),
        gettext("The shop cannot be reached. Please look at your connection."),
        gettext("Try again"),
    )


@register.simple_tag(takes_context=True)
def tryon_button(
    context: Context, product: Model | Literal[""] | None, text: str = ""
) -> SafeString:
    """The button that begins a try-on of ``product``; a plain link where no script runs.

    Nothing for nothing, nor for a product that has no picture, is switched off or of a category in
    ``TRYON_EXCLUDED``; with ``STAFF_ONLY`` for nobody else; nor for a visitor who is held out
    (``HOLDOUT_SHARE``; then the session is read). Otherwise it asks the database nothing, so it may
    stand a hundred times on a page; a category in a row of its own is read with the products. So
    the kill switch leaves it where it is: what it opens says that the shop takes no try-ons.

    Raises:
        NotRegistered: it is no product, or no ``tryon.py`` registers its model; the message names
            the template.
    """
    request = context.get("request")
    try:
        if not isinstance(product, Model):
            if product is None or product == "":
                return SafeString("")
            raise NotRegistered(_NO_PRODUCT.format(type=type(product).__name__, value=product))
        if not is_offered(product) or not may_see(request):
            return SafeString("")
    except NotRegistered as error:
        raise NotRegistered(f"{{% tryon_button %}} in {_template(context)}: {error}") from error
    if conf.HOLDOUT_SHARE and not sees_buttons(request):
        return SafeString("")
    buffer_event(Event.IMPRESSION, product)
    # What is the same on all buttons of a page is made once: the request remembers it.
    page: Any = context.render_context if request is None else vars(request)
    known: _Around | None = page.get(_KNOWN)
    if known is None:
        known = page[_KNOWN] = {}
    kind = (get_language(), type(product), text)
    if kind not in known:
        known[kind] = _around_key(product, text or gettext("Try it on"))
    head, tail = known[kind]
    # No character of a key means anything in HTML.
    return SafeString(f"{head}{key_of(product)}{tail}")


def _template(context: Context) -> str:
    template = getattr(context.render_context, "template", None) or context.template
    return getattr(template, "name", None) or "a template without a name"


def _around_key(product: Model, text: str) -> tuple[str, str]:
    """Return what stands before and after the product's key in the HTML of its button."""
    before, after = around_key(product)
    head = format_html(
        '<glam-tryon><a class="glam-tryon-button" part="button" rel="nofollow" href="{}', before
    )
    return head, format_html('{}">{}</a></glam-tryon>', after, text)


@register.inclusion_tag("glam_tryon/parts/policy.html")
def tryon_policy() -> dict[str, Any]:
    """Retention of each kind of data, from the current settings."""
    return {"schedule": schedule()}
