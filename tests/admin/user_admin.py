"""Addresses of a shop whose own user admin has the actions about try-on data."""

from django.contrib.admin import AdminSite
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.urls import path

from example_project import urls
from glam_tryon.admin import TryOnDataActions


class ShopUserAdmin(TryOnDataActions, UserAdmin):
    """As the docs tell a shop to write it."""


site = AdminSite(name="backstage")
site.register(User, ShopUserAdmin)

urlpatterns = [path("backstage/", site.urls), *urls.urlpatterns]
