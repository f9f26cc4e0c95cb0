from django.apps import AppConfig


class HoldfastEventsConfig(AppConfig):
    name = "holdfast_events"
    verbose_name = "Holdfast events"

    def ready(self):
        from holdfast_events import hooks

        hooks.connect(self)
