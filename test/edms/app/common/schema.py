"""Schema parts whose spelling differs between the supported Django releases."""

import django
from django.db import models
from django.db.migrations.operations.base import Operation


def check(condition, name):
    keyword = "condition" if django.VERSION >= (5, 1) else "check"
    return models.CheckConstraint(name=name, **{keyword: condition})


def indexed(*columns):
    return [models.Index(fields=[column]) for column in columns]


class AddIndexes(Operation):
    """Plain indexes of one app in one step: `{model: {column: index name}}`.

    Migrating renders the models anew after each framework AddIndex; here it does so once.
    """

    reversible = True

    def __init__(self, indexes):
        self.indexes = indexes

    def items(self):
        for model, columns in self.indexes.items():
            for column, name in columns.items():
                yield model, models.Index(fields=[column], name=name)

    def state_forwards(self, app_label, state):
        for model, index in self.items():
            options = state.models[app_label, model].options
            options["indexes"] = [*options.get("indexes", []), index]
        state.clear_delayed_apps_cache()
        state.__dict__.pop("apps", None)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for model, index in self.items():
            schema_editor.add_index(to_state.apps.get_model(app_label, model), index)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        for model, index in self.items():
            schema_editor.remove_index(from_state.apps.get_model(app_label, model), index)

    def describe(self):
        return f"Add indexes to {', '.join(self.indexes)}"
