"""One walk through the whole product, and the deployments under which it is walked."""
