"""Writes down what a person sees: health, the session opened earlier, a fresh login, permissions, each document's bytes."""

import hashlib
import http.client
import http.cookiejar
import json
import os
import urllib.error
import urllib.parse
import urllib.request

from psql import OracleError

PATHS = {"health": "/health", "login": "/login", "whoami": "/whoami", "permissions": "/permissions",
         "documents": "/documents", "content": "/documents/{key}/content"}


class Client:
    """Sends the cookies it holds to whatever address it is given: after a restore the system may answer elsewhere."""

    def __init__(self, base, cookies=None, timeout=30):
        self.base, self.cookies, self.timeout = base.rstrip("/"), dict(cookies or {}), timeout

    def ask(self, path, body=None):
        """One request, answered as {status, body or error}. A refusal is an answer; only its status is judged."""
        headers = {"Accept": "*/*", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.base + path, data=body, headers=headers)
        try:
            with urllib.request.build_opener(NoRedirect).open(request, timeout=self.timeout) as response:
                return self._answer(response)
        except urllib.error.HTTPError as refusal:
            return self._answer(refusal)
        except (OSError, http.client.HTTPException) as failure:
            return {"status": None, "error": str(failure), "content": b""}

    def _answer(self, response):
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";", 1)[0].partition("=")
            self.cookies[name.strip()] = value.strip()
        return {"status": response.status, "content": response.read()}

    def get_json(self, path):
        answer = self.ask(path)
        return {key: value for key, value in {**answer, "body": parse(answer.pop("content"))}.items() if key != "content"}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect to a login page must not look like the page that was asked for."""

    def redirect_request(self, *_):
        return None


def parse(content):
    try:
        return json.loads(content)
    except ValueError:
        return None


def log_in(http_config):
    client = Client(http_config["base"], timeout=http_config.get("timeout", 30))
    fields = http_config.get("login_fields", ["username", "password"])
    body = json.dumps({fields[0]: http_config["username"], fields[1]: http_config["password"]}).encode()
    return client, client.ask(paths(http_config)["login"], body)["status"]


def save_jar(http_config):
    """Log in and keep the session in a Netscape cookie file: done before the disaster, read after it."""
    client, status = log_in(http_config)
    if not client.cookies:
        raise OracleError(f"log in at {client.base}: status {status}, no cookie was set")
    host = urllib.parse.urlsplit(client.base).hostname
    with open(os.open(http_config["jar"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("# Netscape HTTP Cookie File\n")
        for name, value in client.cookies.items():
            file.write(f"{host}\tFALSE\t/\tFALSE\t0\t{name}\t{value}\n")
    return {"status": status, "cookies": sorted(client.cookies)}


def load_jar(path):
    jar = http.cookiejar.MozillaCookieJar(path)
    jar.load(ignore_discard=True, ignore_expires=True)
    return {cookie.name: cookie.value for cookie in jar}


def paths(http_config):
    return {**PATHS, **http_config.get("paths", {})}


def observe_http(http_config, rows):
    """`rows` maps a document's key in the address to its row (row_sha256), as observe_documents saw it."""
    where, timeout = paths(http_config), http_config.get("timeout", 30)
    health = Client(http_config["base"], timeout=timeout).ask(where["health"])
    if health["status"] is None:
        raise OracleError(f"ask {http_config['base']}: {health['error']}")  # nobody there: no record, so never equal
    seen = {"health": {"status": health["status"]}}
    if http_config.get("jar"):
        earlier = Client(http_config["base"], load_jar(http_config["jar"]), timeout)
        seen["old_session"] = earlier.get_json(where["whoami"])
    client, status = log_in(http_config)
    seen["login"] = {"status": status}
    seen["whoami"] = client.get_json(where["whoami"])
    seen["permissions"] = client.get_json(where["permissions"])
    listing = client.get_json(where["documents"])
    seen["listing"] = {"status": listing["status"]}
    keys = listed_keys(listing["body"], http_config.get("document_key", "uuid"))
    seen["documents"] = {key: open_document(client, where["content"], key, rows, key in keys) for key in sorted({*keys, *rows})}
    return seen


def listed_keys(body, field):
    items = body.get("documents", body.get("results", [])) if isinstance(body, dict) else body or []
    return {str(item[field]) for item in items}


def open_document(client, path, key, rows, listed):
    answer = client.ask(path.replace("{key}", urllib.parse.quote(key, safe="")))
    digest = hashlib.sha256(answer["content"]).hexdigest()
    row = rows.get(key)
    expected = ((row or {}).get("row_sha256") or "").strip().lower()
    return {"listed": listed, "has_row": row is not None, "status": answer["status"], "size": len(answer["content"]),
            "sha256": digest, "equals_row": digest == expected if expected else None}
