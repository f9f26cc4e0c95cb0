from registrar.environment import load_environment

load_environment()

from django.core.wsgi import get_wsgi_application  # noqa: E402  settings need the environment first

application = get_wsgi_application()
