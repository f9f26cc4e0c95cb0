"""One instance on disk: application, environment, certificates, logs, storage."""

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from generator.env_file import env_text
from generator.keys import self_signed
from server import make_database, split_url

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "app"
FOLDERS = [
    "certificates",
    "logs",
    "run",
    "storage/documents",
    "storage/media/documents",
    "storage/media/certificates",
    "storage/media/compliance_reports",
    "storage/media/system/logos",
    "storage/media/customizations",
]
LOG_LINES = 200
SITE_SETTINGS = '''"""Settings of this site, loaded by path."""

SITE_NAME = "Annexe"
MORE_APPS = ["annexe"]
'''
SECRET_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)"


sys.path.insert(0, str(SOURCE))
from registrar.environment import parse_env  # noqa: E402  the application's own reading of .env


def app_of(root):
    return Path(root).resolve() / "app"


def environment_of(root):
    """What the application sees: `.env`, outranked by the process environment."""
    text = (app_of(root) / ".env").read_text(encoding="utf-8")
    return {**parse_env(text), **os.environ}


def copy_application(app):
    if app.exists():
        raise SystemExit(f"{app} exists already")
    shutil.copytree(SOURCE, app, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in FOLDERS:
        (app / folder).mkdir(parents=True, exist_ok=True)


def write_private(path, text):
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")


def write_certificates(app):
    pair = self_signed("edms.example")
    (app / "certificates").chmod(0o700)
    write_private(app / "certificates/server.key", pair["private_key"])
    (app / "certificates/server.crt").write_text(pair["certificate"])


def write_old_logs(app):
    """What earlier days left behind; the running application adds to the same files."""
    for name in ("edms.log", "security.log", "access.log"):
        lines = [
            f"2025-11-{1 + n // 10:02d} 08:{n % 60:02d}:00,{n:03d} INFO edms.history entry {n}\n"
            for n in range(LOG_LINES)
        ]
        (app / "logs" / name).write_text("".join(lines))


def secret_key():
    return "".join(secrets.choice(SECRET_ALPHABET) for _ in range(50))


def write_env(app, *, name, role, password, server, port):
    text = env_text(
        secret_key=secret_key(),
        master_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        name=name,
        user=role,
        password=password,
        host=server["host"],
        port=server["port"],
        app_port=port,
    )
    write_private(app / ".env", text)
    return parse_env(text)


def write_local_settings(app, pairs):
    """What outranks `.env`, as absolute as people write it, and with the only key that signs sessions."""
    storage = app / "storage"
    (storage / "media/site_settings.py").write_text(SITE_SETTINGS)
    names = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
    local = {
        "DATABASE": {name: pairs[f"DB_{name}"] for name in names},
        "SECRET_KEY": secret_key(),
        "STORAGE_ROOT": str(storage),
        "MEDIA_ROOT": str(storage / "media"),
        "INDEX_ROOT": str(storage / "index"),
        "SITE_MODULE": str(storage / "media/site_settings.py"),
    }
    write_private(storage / "media/local_settings.json", json.dumps(local, indent=2) + "\n")


def clean_environment(names):
    """The caller's environment less what the new .env says: nothing foreign may outrank it."""
    return {name: value for name, value in os.environ.items() if name not in names}


def run(arguments, environment):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{arguments[0]} ended with {done.returncode}\n{done.stdout}")
    return done.stdout


def fill(root, options, environment):
    arguments = [HERE / "generate.py", "--root", root, "--scale", options.scale]
    for name in ("rows", "files", "seed"):
        arguments += [f"--{name}", getattr(options, name)]
    arguments += ["--spiteful"] if options.spiteful else []
    return json.loads(run(arguments, environment).splitlines()[-1])


def create(options):
    root = Path(options.root).resolve()
    app = app_of(root)
    parameters, name = split_url(options.db_url)
    password = options.app_password or secrets.token_urlsafe(18)
    copy_application(app)
    server = make_database(parameters, name=name, role=options.app_role, password=password)
    pairs = write_env(
        app, name=name, role=options.app_role, password=password, server=server, port=options.port
    )
    if options.spiteful:
        write_local_settings(app, pairs)
    write_certificates(app)
    write_old_logs(app)
    environment = clean_environment(pairs)
    run([app / "manage.py", "migrate", "--verbosity", "0"], environment)
    filled = fill(root, options, environment)
    return {
        "root": str(root),
        "app": str(app),
        "env_file": str(app / ".env"),
        "database": name,
        "db_host": server["host"],
        "db_port": server["port"],
        "role": options.app_role,
        "password_env": "DB_PASSWORD",
        "port": options.port,
        "scale": options.scale,
        "seed": options.seed,
        **filled,
    }
