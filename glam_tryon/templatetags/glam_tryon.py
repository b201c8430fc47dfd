"""``{% tryon_assets %}``, ``{% tryon_button product %}`` and what pages of the shop use besides."""

from __future__ import annotations

from typing import Any, Literal

from django import template
from django.db.models import Model
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from glam_tryon.analytics.event_buffer import buffer_event
from glam_tryon.analytics.holdout import sees_buttons
from glam_tryon.conf import conf
from glam_tryon.exceptions import NotRegistered
from glam_tryon.garments import garment_of
from glam_tryon.limits.availability import is_offered, may_see
from glam_tryon.models.statistics import Event
from glam_tryon.privacy.retention_text import schedule
from glam_tryon.views.product import around_key, key_of, start_url

register = template.Library()

_NO_PRODUCT = "it got a {type} ({value!r:.80}) in place of a product."
_KNOWN = "glam_tryon_buttons"
_ASSETS = "glam_tryon_assets"
_Around = dict[tuple[object, ...], tuple[str, str]]
# In sight from the click on, while the rest is on its way.
_SHELL = (
    '<dialog class="glam-tryon glam-tryon-dialog" part="dialog" data-turbo-temporary>'
    '<div><div class="glam-tryon-skeleton"><div class="glam-tryon-stage">'
    '<img class="glam-tryon-garment" alt=""></div>'
    '<p class="glam-tryon-loading">{}</p></div></div>'
    '<p class="glam-tryon-hidden" role="status"></p>'
    '<button class="glam-tryon-close" part="close" type="button" aria-label="{}"></button>'
    "</dialog>"
)
_HANGER = SafeString(
    '<svg viewBox="0 0 24 24" width="1em" height="1em" fill="none" stroke="currentColor" '
    'stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">'
    '<path d="M9.5 6.5a2.5 2.5 0 1 1 3.6 2.2c-.7.4-1.1.9-1.1 1.6v.7'
    'L3.4 16.6A1.3 1.3 0 0 0 4.1 19h15.8a1.3 1.3 0 0 0 .7-2.4L12 11"/></svg>'
)


@register.simple_tag(takes_context=True)
def tryon_assets(context: Context) -> SafeString:
    """The stylesheet, the loader and the empty dialog; once a page, in its head."""
    context.render_context[_ASSETS] = True
    return format_html(
        '<link rel="stylesheet" href="{}">'
        '<script type="module" src="{}" data-glam-tryon-dialog="{}" '
        'data-elsewhere="{}" data-waiting="{}" data-extras="{}" data-loading="{}" '
        'data-unreachable="{}" data-again="{}"></script>'
        "<template data-glam-tryon-shell>{}</template>",
        static("glam_tryon/glam_tryon.css"),
        static("glam_tryon/glam_tryon.js"),
        # Storages with hashed names do not follow a name inside a module.
        static("glam_tryon/dialog.js"),
        static("glam_tryon/elsewhere.js"),
        static("glam_tryon/waiting.js"),
        static("glam_tryon/extras.css"),
        gettext("One moment…"),
        gettext("The shop cannot be reached. Please look at your connection."),
        gettext("Try again"),
        format_html(_SHELL, gettext("One moment…"), gettext("Close")),
    )


@register.simple_tag(takes_context=True)
def tryon_page_assets(context: Context) -> SafeString:
    """All that a plain page needs, within its content: the shop's own frame may know none of it."""
    own = SafeString("") if _ASSETS in context.render_context else tryon_assets(context)
    links = (static(f"glam_tryon/{name}.css") for name in ("extras", "pages"))
    return own + format_html_join(
        "", '<link rel="stylesheet" href="{}">', ((link,) for link in links)
    )


@register.simple_tag(takes_context=True)
def tryon_button(
    context: Context,
    product: Model | Literal[""] | None,
    text: str = "",
    *,
    variant: Model | Literal[""] | None = None,
    basket_form: str = "",
    icon: str | bool = "",
    **attributes: str,
) -> SafeString:
    """The button that begins a try-on of ``product``; a plain link where no script runs.

    ``variant`` is a row of a registered model that is tried on in the product's place; ``class``
    the shop's own classes in place of our looks; ``icon`` true, or markup or a character that
    stands before the text; ``basket_form`` the CSS selector of the form on this page that puts the
    product into the basket (by default the registration's).

    Nothing for nothing, nor for a product that has no picture, is switched off or of a category in
    ``TRYON_EXCLUDED``; with ``STAFF_ONLY`` for nobody else; nor for a visitor who is held out
    (``HOLDOUT_SHARE``; then the session is read). Otherwise it asks the database nothing, so it may
    stand a hundred times on a page; a category in a row of its own is read with the products. So
    the kill switch leaves it where it is: what it opens says that the shop takes no try-ons.

    Raises:
        NotRegistered: it is no product, or no ``tryon.py`` registers its model; the message names
            the template.
        TypeError: an argument that the tag does not know.
    """
    if variant is not None and variant != "":
        product = variant
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
    kind = (get_language(), type(product), text, basket_form, icon, attributes.get("class"))
    if kind not in known:
        known[kind] = _around_key(product, text, basket_form, icon, **attributes)
    head, tail = known[kind]
    # No character of a key means anything in HTML.
    return SafeString(f"{head}{key_of(product)}{tail}")


def _template(context: Context) -> str:
    template = getattr(context.render_context, "template", None) or context.template
    return getattr(template, "name", None) or "a template without a name"


def _around_key(
    product: Model, text: str, basket_form: str, icon: str | bool, **attributes: str
) -> tuple[str, str]:
    """Return what stands before and after the product's key in the HTML of its button."""
    classes = attributes.pop("class", "glam-tryon-button")
    if attributes:
        raise TypeError(f"tryon_button does not know {', '.join(sorted(attributes))}")
    before, after = around_key(product)
    form = basket_form or garment_of(product).basket_form
    # Libraries that follow links themselves leave this one alone: it opens the dialog.
    head = format_html(
        '<glam-tryon{}><a class="{}" part="button" rel="nofollow" '
        'hx-boost="false" data-turbo="false" up-follow="false" href="{}',
        format_html(' data-basket-form="{}"', form) if form else "",
        classes,
        before,
    )
    shown = _HANGER if icon is True else icon
    picture = (
        format_html('<span class="glam-tryon-icon" aria-hidden="true">{}</span>', shown)
        if shown
        else ""
    )
    return head, format_html(
        '{}">{}{}</a></glam-tryon>', after, picture, text or gettext("Try it on")
    )


@register.simple_tag
def tryon_url(product: Model) -> str:
    """The address of a product's button, for a script that changes which variant it is about."""
    return start_url(product)


@register.inclusion_tag("glam_tryon/parts/policy.html")
def tryon_policy() -> dict[str, Any]:
    """Retention of each kind of data, from the current settings."""
    return {"schedule": schedule()}
