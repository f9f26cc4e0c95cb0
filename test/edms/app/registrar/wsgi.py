from registrar.environment import load_environment

load_environment()

from django.apps import apps  # noqa: E402  settings need the environment first
from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()

if apps.is_installed("annexe"):
    from annexe.startup import start

    start()
