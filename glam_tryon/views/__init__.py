"""The storefront's views."""
