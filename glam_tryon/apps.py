"""The app's configuration, and what it imports when Django starts."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

#: Imported in every process: the system checks, and the receiver that erases the pictures of a user
#: who is deleted.
REGISTERED = ("glam_tryon.checks", "glam_tryon.privacy.erasure")


class GlamTryOnConfig(AppConfig):
    name = "glam_tryon"
    verbose_name = _("Try-on")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They need the models, which are not loaded before this method runs.
        for module in REGISTERED:
            import_module(module)
        # A shop registers its garments in tryon.py, as it registers its admin in admin.py.
        autodiscover_modules("tryon")
