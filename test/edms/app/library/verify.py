from library.files import file_facts, resolve
from library.models import Document, DocumentAttachment, DocumentVersion

EXAMPLES_MAX = 10


def file_problem(file_path, size, checksum):
    path = resolve(file_path)
    if not path.is_file():
        return "missing"
    return None if file_facts(path) == (size, checksum) else "differs"


def expected_files():
    facts = ("file_path", "file_size", "file_checksum")
    expected = {}
    for model in (Document, DocumentVersion, DocumentAttachment):
        for path, size, checksum in model.objects.exclude(file_path="").values_list(*facts):
            expected[(path, size, checksum)] = None
    return expected


def verify_files():
    """Compares every file a row names with the size and SHA-256 in the row."""
    problems = []
    expected = expected_files()
    for path, size, checksum in expected:
        problem = file_problem(path, size, checksum)
        if problem:
            problems.append({"path": path, "problem": problem})
    return {
        "ok": not problems,
        "checked": len(expected),
        "failed": len(problems),
        "examples": problems[:EXAMPLES_MAX],
    }
