"""The app, and what happens when Django starts with it."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from glam_tryon import checks  # noqa: F401  (importing registers the checks)


class GlamTryOnConfig(AppConfig):
    name = "glam_tryon"
    verbose_name = _("Try-on")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # A shop registers its garments in tryon.py, as it registers its admin in admin.py.
        autodiscover_modules("tryon")
