"""A shop's models in shapes that the example shop does not have; an app without migrations."""
