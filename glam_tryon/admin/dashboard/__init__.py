"""What happened, in numbers: how try-ons ended, what they cost, and what they brought."""

from glam_tryon.admin.dashboard.page import DashboardAdmin

__all__ = ["DashboardAdmin"]
