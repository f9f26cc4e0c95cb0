from django.apps import AppConfig


class AnnexeConfig(AppConfig):
    name = "annexe"
    default_auto_field = "django.db.models.BigAutoField"
