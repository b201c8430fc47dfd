"""The shop's own words that a shopper agrees to: drafts may change, a published text never does."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from glam_tryon.exceptions import PublishedTextError
from glam_tryon.models.outside_text import OutsideTextField
from glam_tryon.models.writer import WriterQuerySet


class ConsentTextQuerySet(WriterQuerySet["ConsentText"]):
    """Refuses in bulk what a published text refuses one by one."""

    def published(self) -> ConsentTextQuerySet:
        """Texts that shoppers agreed to or may have agreed to."""
        return self.filter(published_at__isnull=False)

    def drafts(self) -> ConsentTextQuerySet:
        """Texts that no shopper has seen."""
        return self.filter(published_at=None)

    def current(self, language: str) -> ConsentText | None:
        """Return the newest published text in this language: ``de-at`` before ``de``."""
        texts = self.published()
        for wanted in dict.fromkeys((language, language.partition("-")[0])):
            if found := texts.filter(language__iexact=wanted).order_by("-version").first():
                return found
        return None

    def update(self, **fields: Any) -> int:
        """Change drafts.

        Raises:
            PublishedTextError: one of them is published.
        """
        self._refuse_published("changed")
        return super().update(**fields)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete drafts.

        Raises:
            PublishedTextError: one of them is published.
        """
        self._refuse_published("deleted")
        return super().delete()

    def _refuse_published(self, what: str) -> None:
        if self.published().exists():
            raise PublishedTextError(what)


class ConsentText(models.Model):
    """One version in one language; versions of a language are counted from 1 as they are published.

    What shoppers agreed to stays as it was: a new wording is a new version.
    """

    language = models.CharField(_("language"), max_length=16)
    text = OutsideTextField(_("text"))
    version = models.PositiveIntegerField(_("version"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    published_at = models.DateTimeField(_("published"), null=True, editable=False)

    objects = ConsentTextQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("consent text")
        verbose_name_plural = _("consent texts")
        ordering = ["language", "-version"]
        permissions = [("publish_consenttext", _("Can publish a consent text"))]
        constraints = [
            models.UniqueConstraint(
                fields=["language", "version"], name="glam_tryon_consent_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.language} {self.version or _('draft')}"

    def save(self, *args: Any, **options: Any) -> None:
        """Save a draft.

        Raises:
            PublishedTextError: it is published.
        """
        with ConsentText.objects.atomic():
            self._refuse_published("changed")
            super().save(*args, **options)

    def delete(
        self, using: str | None = None, keep_parents: bool = False
    ) -> tuple[int, dict[str, int]]:
        """Delete a draft.

        Raises:
            PublishedTextError: it is published.
        """
        with ConsentText.objects.atomic():
            self._refuse_published("deleted")
            return super().delete(using=using, keep_parents=keep_parents)

    @property
    def is_published(self) -> bool:
        """Say whether it can no longer be changed."""
        return self.published_at is not None

    def publish(self) -> None:
        """Make it the current text of its language, for good.

        Raises:
            PublishedTextError: it is published already.
        """
        using = ConsentText.objects.write_alias()
        with ConsentText.objects.atomic():
            self._refuse_published("published again")
            same = ConsentText.objects.writer().filter(language__iexact=self.language)
            self.version = (same.aggregate(last=Max("version"))["last"] or 0) + 1
            self.published_at = timezone.now()
            super().save(using=using, update_fields=["version", "published_at"])

    def _refuse_published(self, what: str) -> None:
        # The row says it, for this object may have been read before somebody published it.
        row = ConsentText.objects.writer().select_for_update().filter(pk=self.pk).first()
        if row is not None and row.is_published:
            raise PublishedTextError(what)
