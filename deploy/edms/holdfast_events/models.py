"""None of its own: Django sends `pre_migrate` only for applications that have this module."""
