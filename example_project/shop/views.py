"""The shop's pages."""

from __future__ import annotations

from decimal import Decimal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from example_project.shop.cart import Cart
from example_project.shop.models import Product
from glam_tryon.analytics.rollup import count_basket


@require_GET
def product_list(request: HttpRequest) -> HttpResponse:
    """Everything on sale; ``?for=womens`` or ``?for=mens`` keeps what suits them."""
    chosen = request.GET.get("for", "")
    products = Product.objects.all()
    if chosen in (Product.Category.WOMENS, Product.Category.MENS):
        products = products.filter(category__in=[chosen, Product.Category.ALL])
    else:
        chosen = ""
    context = {
        # A list, because the page walks through it twice.
        "products": list(products),
        "chosen": chosen,
        "choices": [("", "Everything"), ("womens", "Women"), ("mens", "Men")],
    }
    return render(request, "shop/product_list.html", context)


@require_GET
def product_detail(request: HttpRequest, slug: str) -> HttpResponse:
    product = get_object_or_404(Product.objects.prefetch_related("images"), slug=slug)
    others = Product.objects.exclude(pk=product.pk).exclude(fit=product.fit)[:4]
    return render(request, "shop/product_detail.html", {"product": product, "others": others})


@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    lines = Cart(request.session).lines()
    total = sum((line.total for line in lines), Decimal(0))
    return render(request, "shop/cart.html", {"lines": lines, "total": total})


@require_http_methods(["GET", "POST"])
def cart_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Add one piece. A GET, from a plain link, changes nothing and shows the product instead."""
    product = get_object_or_404(Product, slug=slug)
    if request.method == "POST":
        Cart(request.session).add(product)
        count_basket(request, product)
        messages.success(request, f"{product.name} is in your basket.")
        return redirect("shop:cart")
    return redirect(product)


@require_POST
def cart_set(request: HttpRequest, slug: str) -> HttpResponse:
    """Set the quantity; 0 removes the product."""
    product = get_object_or_404(Product, slug=slug)
    try:
        quantity = int(request.POST.get("quantity", ""))
    except ValueError:
        return HttpResponseBadRequest("quantity must be a whole number")
    Cart(request.session).set(product, quantity)
    return redirect("shop:cart")
