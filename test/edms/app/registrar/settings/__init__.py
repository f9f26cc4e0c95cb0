"""One module per concern; `production`, `development` and `testing` are the ones to name."""
