"""The back office: staff see, order, retry and cancel try-ons."""

from glam_tryon.admin.consent import ConsentRecordAdmin, ConsentTextAdmin
from glam_tryon.admin.jobs import TryOnJobAdmin
from glam_tryon.admin.photos import PersonPhotoAdmin
from glam_tryon.admin.provider import ProviderStateAdmin

__all__ = [
    "ConsentRecordAdmin",
    "ConsentTextAdmin",
    "PersonPhotoAdmin",
    "ProviderStateAdmin",
    "TryOnJobAdmin",
]
