"""Try-ons in a shop's product admin: a column, an action, a section of the page, the gallery."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import PurePath
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import BooleanField, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from glam_tryon import jobs
from glam_tryon.admin.pages import admin_url
from glam_tryon.admin.products.batch_form import BatchForm, name_of, new_batch
from glam_tryon.admin.products.product_state import (
    ProductState,
    newest_tryons,
    order_cost,
    own_tryons,
    state_and_picture,
    states_of,
)
from glam_tryon.exceptions import FileUnavailable, PhotoUnavailable
from glam_tryon.files import delete_file, read_file, save_field
from glam_tryon.jobs import MOST_PAIRS
from glam_tryon.models import TryOnResult

#: So many of a product's newest try-ons stand on its page.
SHOWN = 12
ADD, VIEW = "glam_tryon.add_tryonjob", "glam_tryon.view_tryonjob"


class TryOnAdminMixin:
    """For a product's ``ModelAdmin``: ``class ProductAdmin(TryOnAdminMixin, ModelAdmin)``.

    Everything shows to staff who may view try-ons; ordering needs the permission to add them.
    """

    #: The product's relation to its further pictures, such as ``"images"``; empty: it has none.
    tryon_gallery: str = ""
    #: The fields of one picture: the file, its alternative text, and what says that AI made it (a
    #: text field gets the label, a flag becomes true). Only the first has to be there.
    tryon_gallery_image: str = "image"
    tryon_gallery_alt: str = ""
    tryon_gallery_label: str = ""

    @property
    def media(self) -> forms.Media:
        """Bring the style along, whatever the shop's own pages bring."""
        styles = forms.Media(css={"all": ("glam_tryon/admin.css", "glam_tryon/batch.css")})
        found: forms.Media = super().media + styles  # type: ignore[misc]
        return found

    # The column.

    def get_list_display(self, request: HttpRequest) -> Any:
        """Add the column for who may see it."""
        columns = super().get_list_display(request)  # type: ignore[misc]
        return [*columns, "tryon_state"] if request.user.has_perm(VIEW) else columns

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Ask for the page's try-ons at once, so that no row asks for its own."""
        changelist: ChangeList = super().get_changelist_instance(request)  # type: ignore[misc]
        if request.user.has_perm(VIEW):
            rows = list(changelist.result_list)
            states = states_of(rows)
            for row in rows:
                row._tryon_state = states.get(str(row.pk), ProductState())
        return changelist

    @admin.display(description=gettext_lazy("try-on"))
    def tryon_state(self, product: Model) -> SafeString:
        state: ProductState | None = getattr(product, "_tryon_state", None)
        if state is None:
            state = states_of([product]).get(str(product.pk), ProductState())
        return state_and_picture(self.admin_site, state, str(product))  # type: ignore[attr-defined]

    # The section on a product's page.

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Add the section, on pages of products that are there already."""
        fields = super().get_readonly_fields(request, obj)  # type: ignore[misc]
        return [*fields, *_section(request)] if obj is not None else fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Put the section behind the shop's own ones, unless these place it."""
        fieldsets = super().get_fieldsets(request, obj)  # type: ignore[misc]
        placed = flatten_fieldsets(fieldsets)
        fields = [name for name in _section(request) if name not in placed]
        if obj is None or not fields:
            return fieldsets
        return [*fieldsets, (_("Try-ons"), {"fields": fields})]

    @admin.display(description=gettext_lazy("try-ons"))
    def tryon_pictures(self, product: Model) -> SafeString:
        rows = own_tryons([product]).order_by("-created_at").prefetch_related("results")
        newest = list(rows.select_related("person_photo")[:SHOWN])
        return newest_tryons(self.admin_site, product, newest)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("order"))
    def tryon_order(self, product: Model) -> SafeString:
        url = f"{self._tryon_url()}?{urlencode({'product': product.pk})}"
        return format_html('<a href="{}">{}</a>', url, _("Try on…"))

    # Ordering.

    def _tryon_url(self, page: str = "tryon") -> str:
        meta = self.model._meta  # type: ignore[attr-defined]
        name = f"{meta.app_label}_{meta.model_name}_{page}"
        return admin_url(self.admin_site, name)  # type: ignore[attr-defined]

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        """Add the action for who may order; from Django 6.1 on a page may have actions as well."""
        named = {} if action_location is None else {"action_location": action_location}
        actions = super().get_actions(request, **named)  # type: ignore[misc]
        in_list = getattr(action_location, "name", "CHANGE_LIST") == "CHANGE_LIST"
        if in_list and request.user.has_perm(ADD) and "_popup" not in request.GET:
            actions["try_on"] = (type(self).try_on, "try_on", _("Try on…"))
        return actions

    def try_on(self, request: HttpRequest, queryset: QuerySet[Model]) -> HttpResponse | None:
        """Ask on whom the chosen products are to be tried on."""
        products = list(queryset[: MOST_PAIRS + 1])
        if len(products) > MOST_PAIRS:
            text = _("A batch has %(most)d try-ons at most. Choose fewer products.")
            messages.error(request, text % {"most": MOST_PAIRS})
            return None
        return self._choose(
            request, BatchForm(products, self.get_tryon_gallery, initial=new_batch(products))
        )

    def get_urls(self) -> list[Any]:
        """Add the page that orders a batch."""
        meta = self.model._meta  # type: ignore[attr-defined]
        own = path(
            "try-on/",
            self.admin_site.admin_view(self.try_on_view),  # type: ignore[attr-defined]
            name=f"{meta.app_label}_{meta.model_name}_tryon",
        )
        return [own, *super().get_urls()]  # type: ignore[misc]

    def try_on_view(self, request: HttpRequest) -> HttpResponse:
        """Choose, look at what it costs, order: each step is one more POST of the same form."""
        if not (request.user.has_perm(ADD) and self.has_view_permission(request)):  # type: ignore[attr-defined]
            raise PermissionDenied
        if request.method != "POST":
            products = self._products(request, request.GET.getlist("product"))
            return self._choose(
                request, BatchForm(products, self.get_tryon_gallery, initial=new_batch(products))
            )
        products = self._products(request, _keys(request.POST.get("products", "")))
        form = BatchForm(products, self.get_tryon_gallery, request.POST)
        step = request.POST.get("step")
        if not form.is_valid() or step == "choose":
            return self._choose(request, form)
        return self._order(request, form) if step == "order" else self._review(request, form)

    def _products(self, request: HttpRequest, keys: list[str]) -> list[Model]:
        try:
            rows = self.get_queryset(request).filter(pk__in=keys[:MOST_PAIRS])  # type: ignore[attr-defined]
            found = list(rows)
        except (ValueError, ValidationError) as error:
            raise Http404 from error
        if not found:
            raise Http404
        return found

    def _new_form(self, products: list[Model]) -> BatchForm:
        return BatchForm(products, self.get_tryon_gallery, initial=new_batch(products))

    def _choose(self, request: HttpRequest, form: BatchForm) -> HttpResponse:
        title = _("Try on: %(products)s") % {"products": name_of(form.products)}
        return self._page(request, form, {"title": title, "reviewed": False})

    def _review(self, request: HttpRequest, form: BatchForm) -> HttpResponse:
        page = {"title": _("Order these try-ons?"), "reviewed": True, **order_cost(form.pairs)}
        return self._page(request, form, {**page, "chosen": form.cleaned_data["house_models"]})

    def _page(self, request: HttpRequest, form: BatchForm, more: dict[str, Any]) -> HttpResponse:
        site: AdminSite = self.admin_site  # type: ignore[attr-defined]
        context = {
            **site.each_context(request),
            "opts": self.model._meta,  # type: ignore[attr-defined]
            "form": form,
            "products": json.dumps([str(product.pk) for product in form.products]),
            "order_url": self._tryon_url(),
            "add_model_url": admin_url(site, "glam_tryon_personphoto_add"),
            "media": self.media,
            **more,
        }
        return TemplateResponse(request, "admin/glam_tryon/try_on.html", context)

    def _order(self, request: HttpRequest, form: BatchForm) -> HttpResponse:
        data = form.cleaned_data
        try:
            ordered = jobs.request_batch(
                form.usable,
                list(data["house_models"]),
                key=data["key"],
                name=data["name"],
                by=request.user,
                mask_type=data["mask_type"] or None,
                pictures=form.pictures(),
            )
        except PhotoUnavailable as error:
            messages.error(request, str(error))
            return self._choose(request, form)
        for product, why in ordered.left_out:
            messages.warning(request, f"{product}: {why}")
        if ordered.made:
            text = ngettext(
                "%(count)d try-on is ordered.", "%(count)d try-ons are ordered.", ordered.made
            )
            messages.success(request, text % {"count": ordered.made})
            self.log_addition(request, ordered.batch, [{"added": {}}])  # type: ignore[attr-defined]
        site: AdminSite = self.admin_site  # type: ignore[attr-defined]
        page = admin_url(site, "glam_tryon_tryonbatch_change", ordered.batch.pk)
        seen = page and request.user.has_perm(VIEW)
        return HttpResponseRedirect(page if seen else self._tryon_url("changelist"))

    # The gallery.

    def get_tryon_gallery(self, product: Model) -> list[tuple[str, Any]]:
        """Return the key and the file of each further picture of a product."""
        if not self.tryon_gallery:
            return []
        rows: Iterable[Model] = getattr(product, self.tryon_gallery).all()
        files = [(str(row.pk), getattr(row, self.tryon_gallery_image)) for row in rows]
        return [(key, file) for key, file in files if file]

    def publish_tryon_result(
        self, result: TryOnResult, product: Model, alt: str, label: str
    ) -> None:
        """Copy an approved picture into the product's gallery.

        May be overridden; may run twice for one result, so it must notice what it did before; may
        raise anything, then the result counts as not published and the message is shown to staff.
        """
        rows = getattr(product, self.tryon_gallery)
        stem = f"tryon-{result.sha256[:24]}"
        if rows.filter(**{f"{self.tryon_gallery_image}__contains": stem}).exists():
            return
        row = rows.model(**{rows.field.name: product})
        for name, text in ((self.tryon_gallery_alt, alt), (self.tryon_gallery_label, label)):
            if name:
                field = row._meta.get_field(name)
                flag = isinstance(field, BooleanField)
                limit = getattr(field, "max_length", None)
                setattr(row, name, True if flag else text[:limit])
        content = read_file(result.image)
        extension = PurePath(result.image.name or "").suffix
        file = getattr(row, self.tryon_gallery_image)
        save_field(file, f"{stem}{extension}", content)
        try:
            row.save()
        except BaseException:
            # No row names the file.
            with suppress(FileUnavailable):
                delete_file(file)
            raise

    def can_publish_tryon(self) -> bool:
        """Say whether there is a place for results: a gallery, or a method of the shop's own."""
        own = type(self).publish_tryon_result is not TryOnAdminMixin.publish_tryon_result
        return own or bool(self.tryon_gallery)


def _section(request: HttpRequest) -> list[str]:
    permissions = {"tryon_pictures": VIEW, "tryon_order": ADD}
    return [name for name, needed in permissions.items() if request.user.has_perm(needed)]


def _keys(text: str) -> list[str]:
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return [str(key) for key in found] if isinstance(found, list) else []
