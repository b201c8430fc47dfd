"""Admin pages of consent, personal data and receipts."""
