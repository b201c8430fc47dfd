"""A database backend with a tenant's schema for each connection, as django-tenants has one."""
