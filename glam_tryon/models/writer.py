"""Queries and transactions on the database that is written to."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models, router, transaction

from glam_tryon.models.transactions import ReadCommitted, reads_may_be_old

M_co = TypeVar("M_co", bound=models.Model, covariant=True)


class WriterQuerySet(models.QuerySet[M_co]):
    """The base of every query set of this package, and so of every ``objects``.

    A shop's database router may send reads to a replica, which may lag behind. The rows of this
    package are therefore read where they are written: whose a picture is, whether a link was taken
    back, what somebody ordered a moment ago. ``base_manager_name`` in each model's ``Meta`` says so
    of foreign keys as well. With ``using`` a shop may still read them elsewhere.
    """

    @property
    def db(self) -> str:
        """The alias of the database that these rows are read from."""
        named: str | None = self._db  # type: ignore[attr-defined]
        return named or router.db_for_write(self.model, **self._hints)  # type: ignore[attr-defined]

    def writer(self) -> Self:
        """These rows, read from the database that is written to."""
        return self.using(self.write_alias())

    def write_alias(self) -> str:
        """Return the alias of the database that is written to."""
        return router.db_for_write(self.model)

    def atomic(self) -> transaction.Atomic:
        """Begin a transaction, or a savepoint within one, on the database that is written to."""
        return ReadCommitted(self.write_alias(), savepoint=True, durable=False)

    def as_now(self) -> Self:
        """These rows as they are now, for what is decided after a lock was taken."""
        return self.select_for_update() if reads_may_be_old(self.db) else self

    def count_now(self) -> int:
        """Return how many there are now, as ``as_now`` reads them."""
        if not reads_may_be_old(self.db):
            return self.count()
        return len(self.select_for_update().values_list("pk", flat=True))


class WriterManager(models.Manager[M_co]):
    """The ``objects`` of a model that has no queries with names."""

    def get_queryset(self) -> WriterQuerySet[M_co]:
        """All rows."""
        return WriterQuerySet(self.model, using=self._db)

    def writer(self) -> WriterQuerySet[M_co]:
        """All rows, read from the database that is written to."""
        return self.get_queryset().writer()

    def write_alias(self) -> str:
        """Return the alias of the database that is written to."""
        return self.get_queryset().write_alias()

    def atomic(self) -> transaction.Atomic:
        """Begin a transaction, or a savepoint within one, on the database that is written to."""
        return self.get_queryset().atomic()
