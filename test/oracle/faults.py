"""What is wrong with one record in itself, whatever another says: a copy of a broken system is equal, and broken."""


def faults(state):
    return [{"area": area, "key": key, "what": what} for area, key, what in find(state)]


def find(state):
    database = state.get("database", {})
    for key, count in database.get("orphans", {}).items():
        if count:
            yield "database.orphans", key, f"{count} rows without their parent"
    for key, constraint in database.get("constraints", {}).items():
        if not constraint["validated"]:
            yield "database.constraints", key, "not validated"
        if "D" in (constraint["firing"] or ""):
            yield "database.constraints", key, "switched off"
    for key, index in database.get("indexes", {}).items():
        if not index["valid"]:
            yield "database.indexes", key, "not valid"
    for key, sequence in database.get("sequences", {}).items():
        if sequence["collides"]:
            yield "database.sequences", key, "the next value is one a row already has"
    for source, rows in state.get("documents", {}).items():
        for key, row in rows.items():
            if row["verdict"] not in ("ok", "no path"):
                yield f"documents.{source}", key, row["verdict"]
    for name, login in state.get("logins", {}).items():
        if not login["ok"]:
            yield "logins", name, "refused"
    for key, document in state.get("http", {}).get("documents", {}).items():
        if document["status"] != 200 or document["equals_row"] is False:
            yield "http.documents", key, f"status {document['status']}, equals its row: {document['equals_row']}"
