"""The app, and what happens when Django starts with it."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

#: What has to be imported in every process: the system checks, and the receiver by which whoever
#: deletes a user erases the user's pictures.
REGISTERED = ("glam_tryon.checks", "glam_tryon.privacy.erasure")


class GlamTryOnConfig(AppConfig):
    name = "glam_tryon"
    verbose_name = _("Try-on")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They look at models, which are there by now only.
        for module in REGISTERED:
            import_module(module)
        # A shop registers its garments in tryon.py, as it registers its admin in admin.py.
        autodiscover_modules("tryon")
