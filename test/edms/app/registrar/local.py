"""A site's own settings inside the media tree: where the file is, it outranks environment and `.env`."""

import importlib.util
import json
from pathlib import Path

from registrar.environment import APP_ROOT

LOCAL_FILE = APP_ROOT / "storage/media/local_settings.json"
PATHS = ("STORAGE_ROOT", "MEDIA_ROOT", "INDEX_ROOT")


def module_at(path):
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def apply_local(settings):
    """Changes the settings in place; the module that the file names may lie anywhere."""
    if not LOCAL_FILE.is_file():
        return
    local = json.loads(LOCAL_FILE.read_text(encoding="utf-8"))
    settings["DATABASES"]["default"].update(local["DATABASE"])
    settings["SECRET_KEY"] = local["SECRET_KEY"]
    settings.update({name: Path(local[name]) for name in PATHS})
    site = module_at(local["SITE_MODULE"])
    settings["SITE_MODULE"] = site.__file__
    settings["SITE_NAME"] = site.SITE_NAME
    settings["INSTALLED_APPS"] = [*settings["INSTALLED_APPS"], *site.MORE_APPS]
