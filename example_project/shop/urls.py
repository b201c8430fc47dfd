"""The shop's addresses."""

from __future__ import annotations

from django.urls import path

from example_project.shop import views

app_name = "shop"
urlpatterns = [
    path("", views.product_list, name="product-list"),
    path("clothes/<slug:slug>/", views.product_detail, name="product"),
    path("basket/", views.cart, name="cart"),
    path("basket/add/<slug:slug>/", views.cart_add, name="cart-add"),
    path("basket/set/<slug:slug>/", views.cart_set, name="cart-set"),
]
