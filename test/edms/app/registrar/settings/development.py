from registrar.settings.production import *  # noqa: F403

DEBUG = True
