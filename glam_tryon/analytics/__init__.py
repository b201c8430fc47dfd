"""Analytics: events, their roll-up by day, and the statistics made of them."""
