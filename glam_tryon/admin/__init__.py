"""The back office: staff see, order, retry and cancel try-ons, and publish catalogue pictures."""

from glam_tryon.admin.batches.batch_admin import TryOnBatchAdmin
from glam_tryon.admin.jobs.job_admin import TryOnJobAdmin
from glam_tryon.admin.operations.operations_admin import AccountAdmin
from glam_tryon.admin.privacy.consent_admin import ConsentRecordAdmin, ConsentTextAdmin
from glam_tryon.admin.privacy.personal_data import TryOnDataActions
from glam_tryon.admin.privacy.receipt_admin import DeletionReceiptAdmin
from glam_tryon.admin.products.house_models import PersonPhotoAdmin
from glam_tryon.admin.products.product_mixin import TryOnAdminMixin
from glam_tryon.admin.reports.dashboard import DashboardAdmin
from glam_tryon.admin.reports.ledger_admin import TryOnSubmissionAdmin

__all__ = [
    "AccountAdmin",
    "ConsentRecordAdmin",
    "ConsentTextAdmin",
    "DashboardAdmin",
    "DeletionReceiptAdmin",
    "PersonPhotoAdmin",
    "TryOnAdminMixin",
    "TryOnBatchAdmin",
    "TryOnDataActions",
    "TryOnJobAdmin",
    "TryOnSubmissionAdmin",
]
