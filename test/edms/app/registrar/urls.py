from django.contrib import admin
from django.urls import path

from library import views as library
from people import views as people
from registrar.answers import endpoint
from registrar.health import health

urlpatterns = [
    path("admin/", admin.site.urls),
    path("health", endpoint(GET=health)),
    path("login", endpoint(POST=people.log_in)),
    path("logout", endpoint(POST=people.log_out)),
    path("whoami", endpoint(GET=people.whoami)),
    path("permissions", endpoint(GET=people.permissions)),
    path("documents", endpoint(GET=library.listing, POST=library.upload)),
    path("documents/<uuid:uuid>", endpoint(GET=library.details)),
    path("documents/<uuid:uuid>/content", endpoint(GET=library.content)),
    path("documents/<uuid:uuid>/history", endpoint(GET=library.history)),
    path("documents/<uuid:uuid>/transition", endpoint(POST=library.transition)),
]
