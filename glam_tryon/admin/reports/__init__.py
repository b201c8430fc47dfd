"""Admin pages that tell how try-ons do: dashboard and ledger."""
