"""Where the pages of each deployment's shop are found."""
