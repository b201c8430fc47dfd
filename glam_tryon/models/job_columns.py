"""What the database keeps of a job."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _

from glam_tryon.files import private_storage
from glam_tryon.models.account import DEFAULT_ACCOUNT
from glam_tryon.models.owner import SHOP
from glam_tryon.models.status import Priority, Queue, Status
from glam_tryon.providers.base import MaskType

MASK_TYPES = [
    (MaskType.OVERALL.value, _("whole body")),
    (MaskType.UPPER.value, _("top")),
    (MaskType.LOWER.value, _("bottom")),
]


class Feedback(models.TextChoices):
    """What a shopper thinks of a picture."""

    UP = "up", _("good")
    DOWN = "down", _("not right")


class FeedbackReason(models.TextChoices):
    """What is not right with a picture."""

    FACE = "face", _("The face")
    BODY = "body", _("The body or the pose")
    GARMENT = "garment", _("The garment")
    QUALITY = "quality", _("The quality of the picture")
    OTHER = "other", _("Something else")


class JobColumns(models.Model):
    """The columns of ``TryOnJob``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.PENDING
    )
    priority = models.CharField(
        _("priority"), max_length=16, choices=Priority.choices, default=Priority.SHOPPER
    )
    mask_type = models.CharField(_("replaces"), max_length=16, choices=MASK_TYPES)

    # Indexed together below: each index of this table is written anew at every step of every job.
    content_type = models.ForeignKey(
        ContentType, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    product_key = models.CharField(_("product id"), max_length=255)
    product = GenericForeignKey("content_type", "product_key")
    garment_title = models.CharField(_("garment"), max_length=255)
    garment_image = models.FileField(
        _("garment picture"), storage=private_storage, max_length=255, blank=True
    )
    garment_sha256 = models.CharField(max_length=64, editable=False)
    product_url = models.CharField(_("product page"), max_length=500, blank=True)

    person_photo = models.ForeignKey(
        "glam_tryon.PersonPhoto",
        verbose_name=_("person photo"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="jobs",
    )
    owner = models.CharField(max_length=80, default=SHOP, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    # Indexed for the few jobs that have one.
    batch = models.ForeignKey(
        "glam_tryon.TryOnBatch",
        verbose_name=_("batch"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="jobs",
        db_index=False,
    )
    # The job whose picture this one gets a copy of. No relation: its deletion changes nothing here.
    reuse_of = models.UUIDField(null=True, editable=False)
    # Null, not empty, where there is none: many rows may have none, and a value is unique.
    request_key = models.CharField(  # noqa: DJ001
        max_length=64, null=True, editable=False
    )

    #: Whose key sends it, and whose slot it takes.
    account = models.CharField(max_length=32, default=DEFAULT_ACCOUNT, editable=False)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_message = models.CharField(_("error text"), max_length=500, blank=True)
    remote_status = models.CharField(_("Glam's status"), max_length=64, blank=True)
    media_urls = models.JSONField(default=list, blank=True, editable=False)

    queue = models.PositiveSmallIntegerField(null=True, choices=Queue.choices, editable=False)
    turn = models.BigIntegerField(default=0, editable=False)
    next_step_at = models.DateTimeField(_("next step"), null=True, editable=False)
    lease_token = models.CharField(max_length=32, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("claims without progress"), default=0)
    errors = models.PositiveSmallIntegerField(_("errors in a row"), default=0)
    polls = models.PositiveIntegerField(_("questions asked"), default=0)
    dispatched = models.CharField(max_length=16, blank=True, editable=False)

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, editable=False)
    # When Glam last said that it was not ready yet.
    polled_at = models.DateTimeField(null=True, editable=False)
    ready_at = models.DateTimeField(_("Glam ready"), null=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)

    # From then on its owner does not see it any more, and nothing is stored for it.
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)
    feedback = models.CharField(
        _("feedback"), max_length=8, choices=Feedback.choices, blank=True, editable=False
    )
    feedback_reason = models.CharField(
        _("what is not right"),
        max_length=16,
        choices=FeedbackReason.choices,
        blank=True,
        editable=False,
    )

    class Meta:
        abstract = True
