"""The back office: staff see, order, retry and cancel try-ons, and publish catalogue pictures."""

from glam_tryon.admin.batches import TryOnBatchAdmin
from glam_tryon.admin.consent import ConsentRecordAdmin, ConsentTextAdmin
from glam_tryon.admin.jobs import TryOnJobAdmin
from glam_tryon.admin.photos import PersonPhotoAdmin
from glam_tryon.admin.products import TryOnAdminMixin
from glam_tryon.admin.provider import ProviderStateAdmin

__all__ = [
    "ConsentRecordAdmin",
    "ConsentTextAdmin",
    "PersonPhotoAdmin",
    "ProviderStateAdmin",
    "TryOnAdminMixin",
    "TryOnBatchAdmin",
    "TryOnJobAdmin",
]
