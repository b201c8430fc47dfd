"""What staff see of one job, in the list and on its page."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from glam_tryon.admin.formatting import NOTHING, age, badge, figure, hidden, instant, thumbnail
from glam_tryon.admin.jobs.advice import job_state
from glam_tryon.admin.jobs.waiting import waits_for
from glam_tryon.limits.budget import money_words
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.models.owner import ERASED, SHOP
from glam_tryon.models.status import CLOSED, Status

PERSON = "person"
GARMENT = "garment"
#: The attribute in which a job's page keeps its advice.
SHOWN_ADVICE = "shown_advice"
#: Statuses in which a job may have results.
DRAWN = (Status.STORING, *CLOSED)


def picture_url(job: TryOnJob, which: object) -> str:
    """Return the address of one of a job's pictures, for staff."""
    return reverse("admin:glam_tryon_tryonjob_picture", args=[job.pk, which])


def shown_person(job: TryOnJob) -> PersonPhoto | None:
    """Return the job's person when staff may see the picture: a house model, never a shopper."""
    person = job.person_photo
    shown = person and person.image and person.kind == PersonPhoto.Kind.HOUSE_MODEL
    return person if shown else None


class JobColumns:
    """Display methods for ``TryOnJobAdmin``; none of them asks the storage."""

    @admin.display(description=gettext_lazy("status"))
    def status_badge(self, job: TryOnJob) -> SafeString:
        return badge(*job_state(job))

    @admin.display(description=gettext_lazy("status"))
    def status_and_problem(self, job: TryOnJob) -> SafeString:
        shown = self.status_badge(job)
        if not job.error_code:
            return shown
        problem = format_html('<span title="{}">{}</span>', job.error_message, job.error_code)
        return format_html('{}<span class="glam-tryon-problem">{}</span>', shown, problem)

    @admin.display(description=gettext_lazy("created"))
    def created(self, job: TryOnJob) -> SafeString:
        return format_html(
            '{}<div class="glam-tryon-quiet">{}</div>',
            age(job.created_at),
            self.who(job),
        )

    @admin.display(description=gettext_lazy("person, garment, result"))
    def thumbnails(self, job: TryOnJob) -> SafeString:
        found = []
        if person := shown_person(job):
            found.append(thumbnail(picture_url(job, PERSON), str(person)))
        elif job.person_photo and job.person_photo.image:
            found.append(hidden(_("own photo, hidden")))
        if job.garment_image:
            found.append(thumbnail(picture_url(job, GARMENT), job.garment_title))
        if (first := getattr(job, "first_result", None)) is not None:
            found.append(thumbnail(picture_url(job, first), _("Result")))
        return self._side_by_side(found)

    @admin.display(description=gettext_lazy("who"))
    def who(self, job: TryOnJob) -> str:
        if job.user is not None:
            return str(job.user)
        if job.owner == ERASED:
            return _("nobody any more")
        return _("the shop") if job.owner == SHOP else _("visitor")

    @admin.display(description=gettext_lazy("cost"))
    def cost_and_submissions(self, job: TryOnJob) -> SafeString:
        sent: int = getattr(job, "sent", None) or 0
        if not sent:
            return NOTHING
        cost = getattr(job, "cost", None)
        times = ngettext("sent %(count)d time", "sent %(count)d times", sent) % {"count": sent}
        return format_html(
            '{}<div class="glam-tryon-quiet">{}</div>', money_words(cost) or NOTHING, times
        )

    @admin.display(description=gettext_lazy("pictures"))
    def pictures(self, job: TryOnJob) -> SafeString:
        found = []
        if job.garment_image:
            found.append(figure(picture_url(job, GARMENT), _("Garment")))
        if person := shown_person(job):
            found.append(figure(picture_url(job, PERSON), str(person)))
        results = list(job.results.all()) if job.status in DRAWN else []
        found += [
            figure(
                picture_url(job, result.position),
                _("Result") if len(results) == 1 else _("Result %(number)d") % {"number": number},
            )
            for number, result in enumerate(results, start=1)
        ]
        return self._side_by_side(found)

    def _side_by_side(self, found: list[SafeString]) -> SafeString:
        if not found:
            return NOTHING
        inside = format_html_join("", "{}", ([each] for each in found))
        return format_html('<div class="glam-tryon-pictures">{}</div>', inside)

    @admin.display(description=gettext_lazy("product"))
    def product_link(self, job: TryOnJob) -> SafeString | str:
        if job.content_type_id is None:
            return job.garment_title
        # Known to this process after the first time, which the job's own attribute is not.
        kind = ContentType.objects.get_for_id(job.content_type_id)
        try:
            url = reverse(f"admin:{kind.app_label}_{kind.model}_change", args=[job.product_key])
        except NoReverseMatch:
            return job.garment_title
        return format_html('<a href="{}">{}</a>', url, job.garment_title)

    @admin.display(description=gettext_lazy("person"))
    def person(self, job: TryOnJob) -> SafeString | str:
        person = job.person_photo
        if person is None or not person.image:
            return _("the photo was deleted")
        if person.kind != PersonPhoto.Kind.HOUSE_MODEL:
            return _("own photo, hidden")
        url = reverse("admin:glam_tryon_personphoto_change", args=[person.pk])
        return format_html('<a href="{}">{}</a>', url, person)

    @admin.display(description=gettext_lazy("problem"))
    def problem_in_full(self, job: TryOnJob) -> str:
        return ": ".join(filter(None, [job.error_code, job.error_message]))

    @admin.display(description=gettext_lazy("what now"))
    def advice(self, job: TryOnJob) -> str:
        return str(getattr(job, SHOWN_ADVICE, ""))

    @admin.display(description=gettext_lazy("waits for"))
    def waits(self, job: TryOnJob) -> str:
        return waits_for(job)

    @admin.display(description=gettext_lazy("created"))
    def created_exactly(self, job: TryOnJob) -> SafeString:
        return instant(job.created_at)

    @admin.display(description=gettext_lazy("submitted"))
    def submitted(self, job: TryOnJob) -> SafeString:
        return instant(job.submitted_at)

    @admin.display(description=gettext_lazy("Glam ready"))
    def drawn(self, job: TryOnJob) -> SafeString:
        return instant(job.ready_at)

    @admin.display(description=gettext_lazy("finished"))
    def finished(self, job: TryOnJob) -> SafeString:
        return instant(job.finished_at)

    @admin.display(description=gettext_lazy("next step"))
    def next_step(self, job: TryOnJob) -> SafeString:
        return instant(job.next_step_at)
