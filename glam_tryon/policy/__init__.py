"""The shop's rules: what a shopper agrees to, how much may be spent, how long data is kept."""
