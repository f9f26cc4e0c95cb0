from django.contrib.auth.hashers import PBKDF2PasswordHasher


class SteadyPBKDF2(PBKDF2PasswordHasher):
    """The same work factor on every Django release, so a login never rewrites the stored hash."""

    iterations = 600_000
