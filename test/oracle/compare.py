"""Judges two observations. Pure: two states in, a list of differences out; what was excused is listed, never dropped."""

import difflib
import re
from fnmatch import fnmatchcase

from faults import faults

MTIME_TOLERANCE_NS = 1000  # PostgreSQL and most archive formats keep microseconds
ABSENT = object()
DATABASE_AREAS = ["tables", "columns", "constraints", "indexes", "triggers", "views", "functions", "schemas", "extensions",
                  "acls", "default_acls", "comments", "settings", "properties", "roles", "large_objects", "orphans", "facts"]
SECTIONS = ["database", "trees", "env", "documents", "logins", "commands", "http"]


def compare(before, after, wanted=SECTIONS):
    """`wanted` limits the judgement. A section seen on one side only, or that could not be looked at, is a difference, not a pass."""
    differences, compared, sections = [], {}, []
    for section in (name for name in SECTIONS if name in wanted):
        failed = [difference("observation", section, side, "error", f"{side}: {text}", None, None)
                  for side, state in (("before", before), ("after", after))
                  for text in state.get("errors", []) if text.startswith(section + ":")]
        differences += failed
        if failed or section in before or section in after:
            sections.append(section)
    for section in sections:
        if section not in before or section not in after:
            differences.append(difference("observation", section, "", "missing", f"{section}: not observed on both sides",
                                          section in before, section in after))
            continue
        found, counts = JUDGES[section](before[section], after[section], before.get("declared", {}))
        differences += found
        compared.update(counts)
    if not sum(compared.values()):
        differences.append(difference("observation", "", "", "missing", "nothing was compared", None, None))
    kept, excused = excuse(differences, before.get("declared", {}))
    return {"ok": not kept, "compared": compared, "not_compared": [s for s in SECTIONS if s not in sections],
            "differences": kept, "excused": excused, "faults": faults(after)}


def difference(area, key, field, kind, what, before, after):
    return {"area": area, "key": key, "field": field, "kind": kind, "what": what, "before": before, "after": after}


def keyed(area, before, after, skip=()):
    """Every key of two objects, every field of two values: lost, extra or changed."""
    found = []
    for key in sorted({*before, *after}):
        old, new = before.get(key, ABSENT), after.get(key, ABSENT)
        if new is ABSENT:
            found.append(difference(area, key, "", "lost", f"{key}: lost", old, None))
        elif old is ABSENT:
            found.append(difference(area, key, "", "extra", f"{key}: was not there before", None, new))
        elif isinstance(old, dict) and isinstance(new, dict):
            found += fields(area, key, old, new, skip)
        elif old != new:
            found.append(difference(area, key, "", "changed", f"{key}: changed", old, new))
    return found


def fields(area, key, old, new, skip=()):
    return [difference(area, key, name, "changed", f"{key}: {name} changed", old.get(name), new.get(name))
            for name in sorted({*old, *new}) if name not in skip and old.get(name) != new.get(name)]


# --- database -------------------------------------------------------------------------------------------------------

def judge_database(before, after, declared):
    found, counts = [], {}
    for area in DATABASE_AREAS:
        old, new = before[area], after[area]
        if area == "constraints":
            old, new = ({k: {**v, "definition": settle(v["definition"])} for k, v in side.items()} for side in (old, new))
        found += keyed(f"database.{area}", old, new)
        counts[f"database.{area}"] = len(old)
    found += judge_sequences(before["sequences"], after["sequences"], declared.get("sequences", "equal"))
    found += judge_schema_text(before["schema_text"]["text"], after["schema_text"]["text"])
    return found, {**counts, "database.sequences": len(before["sequences"]), "database.schema_text": 1}


def settle(definition):
    """PostgreSQL rewrites a cast of an array when its own dump is loaded; both spellings become the second one."""
    element = r"'(?:[^']|'')*'::character varying"
    def spread(match):
        casts = re.findall(element, match.group(1))
        return "ARRAY[" + ", ".join(f"({cast})::text" for cast in casts) + "]"
    return re.sub(rf"\(ARRAY\[({element}(?:, {element})*)\]\)::text\[\]", spread, definition)


def judge_sequences(before, after, rule):
    """Never a lower next value; never-used stays never-used; equal, unless "may_advance" was declared."""
    area, found = "database.sequences", []
    position = ("last_value", "is_called", "next_value", "collides")
    found += keyed(area, before, after, skip=position)
    for key in sorted({*before} & {*after}):
        old, new = before[key], after[key]
        ahead = (int(new["next_value"]) - int(old["next_value"])) * (1 if int(old["increment"]) > 0 else -1)
        def rule_broken(field, what, old=old, new=new, key=key):
            found.append(difference(area, key, field, "rule", f"{key}: {what}", old[field], new[field]))
        if ahead < 0:
            rule_broken("next_value", "the next value is lower: a number would be issued twice")
        elif new["is_called"] and not old["is_called"]:
            rule_broken("is_called", "was never used and now is")
        elif ahead > 0 and rule != "may_advance":
            rule_broken("next_value", "the next value moved ahead")
        elif old["is_called"] != new["is_called"]:
            rule_broken("is_called", "was used and now is not")
        if new["collides"] and not old["collides"]:
            rule_broken("collides", "the next value is one a row already has")
    return found


def judge_schema_text(before, after):
    before, after = settle(before), settle(after)
    if before == after:
        return []
    lines = [line for line in difflib.unified_diff(before.split("\n"), after.split("\n"), "before", "after", n=1, lineterm="")]
    old = "\n".join(line for line in lines if line.startswith("-"))
    new = "\n".join(line for line in lines if line.startswith("+"))
    return [difference("database.schema_text", "pg_dump -s", "", "changed", "the schema as pg_dump writes it differs", old, new)]


# --- files ----------------------------------------------------------------------------------------------------------

def judge_trees(before, after, _):
    found = keyed("trees", {name: tree["state"] for name, tree in before.items()}, {name: tree["state"] for name, tree in after.items()})
    for name in sorted({*before} & {*after}):
        found += judge_tree(f"trees.{name}", before[name], after[name])
    return found, {f"trees.{name}": len(tree["entries"]) + (tree["state"] == "absent") for name, tree in before.items()}


def judge_tree(area, before, after):
    found = []
    for key in sorted({*before["entries"], *after["entries"]}):
        old, new = before["entries"].get(key), after["entries"].get(key)
        if old and new:
            # The product's own folder, made or removed, moves the time of the folder above it.
            excused = key == "." and (before["holdfast_folder"] or after["holdfast_folder"])
            found += judge_entry(area, key, old, new, before["append_only"], excused)
        elif old or not before["append_only"]:
            found += keyed(area, {key: old} if old else {}, {key: new} if new else {})
    return found


def judge_entry(area, key, old, new, append_only=False, mtime_excused=False):
    skip = ["mtime_ns", "nlink", "prefix", "variables"]
    if append_only and old["type"] == new["type"] == "file":
        skip += ["size", "sha256"]
    found = fields(area, key, old, new, skip)
    if "size" in skip and not grown(old, new):
        found.append(difference(area, key, "sha256", "rule", f"{key}: is not the earlier file with something added", old, new))
    later = int(new["mtime_ns"]) - int(old["mtime_ns"])
    if abs(later) > MTIME_TOLERANCE_NS and not mtime_excused and not (append_only and later > 0):
        found.append(difference(area, key, "mtime_ns", "changed", f"{key}: modification time changed", old["mtime_ns"], new["mtime_ns"]))
    return found


def grown(old, new):
    if new["size"] == old["size"]:
        return new["sha256"] == old["sha256"]
    return new.get("prefix") == {"size": old["size"], "sha256": old["sha256"]}


def judge_env(before, after, _):
    found = keyed("env", {name: e["state"] for name, e in before.items()}, {name: e["state"] for name, e in after.items()})
    for name in sorted({*before} & {*after}):
        if before[name]["state"] == after[name]["state"] == "present":
            found += judge_entry("env", name, before[name], after[name])
            found += [{**d, "key": name, "field": f"variables.{d['key']}", "what": f"{name}: {d['what']}"}
                      for d in keyed("env", before[name]["variables"], after[name]["variables"])]
    return found, {"env": len(before)}


# --- what the system says of itself ---------------------------------------------------------------------------------

def judge_documents(before, after, _):
    found, counts = [], {}
    for source in sorted({*before, *after}):
        area = f"documents.{source}"
        found += keyed(area, before.get(source, {}), after.get(source, {}))
        counts[area] = len(before.get(source, {}))
    return found, counts


def judge_logins(before, after, _):
    return keyed("logins", before, after, skip=["error"]), {"logins": len(before)}


def judge_commands(before, after, _):
    found = keyed("commands", before, after, skip=["stdout", "stderr"])
    return found + unanswered("commands", "exit", before, after), {"commands": len(before)}


def judge_http(before, after, _):
    answers = [{k: v for k, v in side.items() if k != "documents"} for side in (before, after)]
    found = keyed("http", *answers, skip=["error"]) + keyed("http.documents", before["documents"], after["documents"])
    found += unanswered("http", "status", *answers) + unanswered("http.documents", "status", before["documents"], after["documents"])
    return found, {"http": len(answers[0]), "http.documents": len(before["documents"])}


def unanswered(area, field, before, after):
    """What gave no answer (a program that is not there, a time-out) was not looked at: never equal, even on both sides."""
    return [difference("observation", f"{area} {key}", side, "error", f"{side}: {area} {key} gave no answer: {seen.get('error')}", None, None)
            for side, record in (("before", before), ("after", after))
            for key, seen in sorted(record.items()) if seen.get(field) is None]


JUDGES = {"database": judge_database, "trees": judge_trees, "env": judge_env, "documents": judge_documents,
          "logins": judge_logins, "commands": judge_commands, "http": judge_http}


# --- declared exceptions --------------------------------------------------------------------------------------------

def excuse(differences, declared):
    """Split by what was declared before the judgement; each excused difference carries its reason."""
    kept, excused = [], []
    for found in differences:
        reason = next((rule["reason"] for rule in rules(declared) if matches(rule, found)), None)
        if reason is None:
            kept.append(found)
        else:
            excused.append({**found, "reason": reason})
    return kept, excused


def rules(declared):
    for table, reason in declared.get("volatile", {}).get("tables", {}).items():
        table = table if "." in table else f"public.{table}"
        for field in ("rows", "digest", "max_id"):
            yield {"area": "database.tables", "key": table, "field": field, "reason": reason}
        yield {"area": "database.facts", "key": table, "reason": reason}
    yield from declared.get("may_differ", [])


def matches(rule, found):
    return all(fnmatchcase(found[part], rule.get(part, "*")) for part in ("area", "key", "field"))
