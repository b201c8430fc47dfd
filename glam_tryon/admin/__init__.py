"""The back office: staff see, order, retry and cancel try-ons, and publish catalogue pictures."""

from glam_tryon.admin.batches import TryOnBatchAdmin
from glam_tryon.admin.consent import ConsentTextAdmin
from glam_tryon.admin.consent_records import ConsentRecordAdmin
from glam_tryon.admin.dashboard import DashboardAdmin
from glam_tryon.admin.jobs import TryOnJobAdmin
from glam_tryon.admin.ledger import TryOnSubmissionAdmin
from glam_tryon.admin.personal_data import TryOnDataActions
from glam_tryon.admin.photos import PersonPhotoAdmin
from glam_tryon.admin.products import TryOnAdminMixin
from glam_tryon.admin.provider import ProviderStateAdmin
from glam_tryon.admin.receipts import DeletionReceiptAdmin

__all__ = [
    "ConsentRecordAdmin",
    "ConsentTextAdmin",
    "DashboardAdmin",
    "DeletionReceiptAdmin",
    "PersonPhotoAdmin",
    "ProviderStateAdmin",
    "TryOnAdminMixin",
    "TryOnBatchAdmin",
    "TryOnDataActions",
    "TryOnJobAdmin",
    "TryOnSubmissionAdmin",
]
