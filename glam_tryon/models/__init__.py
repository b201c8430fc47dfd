"""The models, each in a file of its own."""

from glam_tryon.models.account import Account
from glam_tryon.models.batch import TryOnBatch
from glam_tryon.models.consent_record import ConsentRecord
from glam_tryon.models.consent_text import ConsentText
from glam_tryon.models.job import TryOnJob
from glam_tryon.models.learned_times import LearnedTimes
from glam_tryon.models.order_lock import IPCount, OrderLock, OrderReservation
from glam_tryon.models.person_photo import PersonPhoto
from glam_tryon.models.possible_orphan import PossibleOrphan
from glam_tryon.models.receipt import DeletedPicture, DeletionReceipt
from glam_tryon.models.result import TryOnResult
from glam_tryon.models.share import TryOnShare
from glam_tryon.models.statistics import AnalyticsEvent, DailyCount
from glam_tryon.models.submission import TryOnSubmission
from glam_tryon.models.transition import TryOnTransition

__all__ = [
    "Account",
    "AnalyticsEvent",
    "ConsentRecord",
    "ConsentText",
    "DailyCount",
    "DeletedPicture",
    "DeletionReceipt",
    "IPCount",
    "LearnedTimes",
    "OrderLock",
    "OrderReservation",
    "PersonPhoto",
    "PossibleOrphan",
    "TryOnBatch",
    "TryOnJob",
    "TryOnResult",
    "TryOnShare",
    "TryOnSubmission",
    "TryOnTransition",
]
