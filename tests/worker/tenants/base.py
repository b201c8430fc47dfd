"""The part of django-tenants' PostgreSQL backend that its connections are told by."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    include_public_schema = True
    schema_name = "public"
    tenant: Any = None

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        self.tenant = tenant
        self.set_schema(tenant.schema_name, include_public)

    def set_schema(self, schema_name: str, include_public: bool = True) -> None:
        self.schema_name, self.include_public_schema = schema_name, include_public

    def _cursor(self, name: str | None = None) -> Any:
        cursor = super()._cursor(name)
        path = self.schema_name + (", public" if self.include_public_schema else "")
        cursor.cursor.execute(f"SET search_path = {path}")
        return cursor
