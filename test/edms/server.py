"""The administrator's side of the database server: roles and databases."""

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict


def split_url(url):
    """The connection parameters of an administrator and the name of the database to create."""
    parameters = conninfo_to_dict(url)
    name = parameters.pop("dbname", None)
    if not name:
        raise SystemExit("--db-url names no database")
    return parameters, name


def make_role(connection, role, password):
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = "ALTER" if exists else "CREATE"
    statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
    connection.execute(statement.format(sql.SQL(verb), sql.Identifier(role), sql.Literal(password)))


def may_set_role(connection, role):
    """A mere CREATEROLE/CREATEDB administrator must be a member to hand over ownership."""
    superuser = connection.execute(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    ).fetchone()[0]
    if not superuser:
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))


def make_database(parameters, *, name, role, password):
    with psycopg.connect(**parameters, dbname="postgres", autocommit=True) as connection:
        taken = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if taken.fetchone():
            raise SystemExit(f"database {name} exists already")
        make_role(connection, role, password)
        may_set_role(connection, role)
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(role)
            )
        )
        return {"host": connection.info.host, "port": connection.info.port}
