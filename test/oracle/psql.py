"""One read-only psql session with pinned output settings: the only way the oracle reads a database."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import uuid

# Everything that may change how a value is written as text. Two servers with other defaults must write the same bytes.
PINNED = """
SET client_min_messages = warning; SET default_transaction_read_only = on; SET statement_timeout = 0;
SET lock_timeout = '60s'; SET idle_in_transaction_session_timeout = 0; SET row_security = off; SET search_path = '';
SET DateStyle = 'ISO, YMD'; SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 3;
SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET xmloption = 'content'; SET quote_all_identifiers = off;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
"""


class OracleError(Exception):
    """The oracle could not look. Never the same as "equal"."""


def find_tool(name, pg_bin=None):
    pg_bin = pg_bin or os.environ.get("PG_BIN")
    path = os.path.join(pg_bin, name) if pg_bin else shutil.which(name)
    if not path or not os.access(path, os.X_OK):
        raise OracleError(f"find {name}: not in {pg_bin or 'PATH'}; set PG_BIN or give --pg-bin")
    return path


class Session:
    """All queries of one observation run in one snapshot. Any error ends the session and is raised with psql's words."""

    def __init__(self, conninfo, pg_bin=None):
        self._stderr = tempfile.TemporaryFile()
        argv = [find_tool("psql", pg_bin), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", conninfo]
        env = {**os.environ, "PGAPPNAME": "oracle", "PGCONNECT_TIMEOUT": os.environ.get("PGCONNECT_TIMEOUT", "10")}
        self._psql = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, env=env, bufsize=1 << 20)
        encoding = self.values("SHOW server_encoding;")[0]
        # SQL_ASCII stores unchecked bytes, and they must come out unchecked.
        self._send(f"SET client_encoding = '{'SQL_ASCII' if encoding == 'SQL_ASCII' else 'UTF8'}';\n{PINNED}")

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        if failure:
            self._psql.kill()  # it only ever reads, and may be in the middle of a long answer
        for pipe in (self._psql.stdin, self._psql.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self._psql.wait()
        self._stderr.close()

    def lines(self, sql):
        """Yield the output lines of one statement as bytes, newline included. Read them all before the next statement."""
        end = uuid.uuid4().hex.encode() + b"\n"
        self._send(f"{sql}\n\\echo {end.decode()}")
        for line in self._psql.stdout:
            if line == end:
                return
            yield line
        self._psql.wait()
        self._stderr.seek(0)
        said = self._stderr.read().decode("utf-8", "replace").strip()
        raise OracleError(f"psql ended with {self._psql.returncode}: {said}; statement: {' '.join(sql.split())[:300]}")

    def values(self, sql):
        return [line.rstrip(b"\n").decode("utf-8", "surrogateescape") for line in self.lines(sql)]

    def keyed(self, query):
        """Run a query of two columns, key and json value; a key that comes twice is a mistake in the query."""
        found = {}
        for text in self.values(f"SELECT jsonb_build_array(q.k, q.v) FROM ({query}) AS q(k, v) ORDER BY q.k;"):
            key, value = json.loads(text)
            if key in found:
                raise OracleError(f"two objects named {key}")
            found[key] = value
        return found

    def _send(self, text):
        try:
            self._psql.stdin.write(text.encode())
            self._psql.stdin.flush()
        except BrokenPipeError:
            pass  # psql has ended; the reader says why
