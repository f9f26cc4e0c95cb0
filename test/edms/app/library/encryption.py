"""The encrypted copy of a file: its key comes from EDMS_MASTER_KEY and a salt kept in the row."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from library.files import resolve, write_file
from library.models import Document

ITERATIONS = 100_000


def file_key(salt):
    master = settings.EDMS_MASTER_KEY.encode()
    return base64.urlsafe_b64encode(hashlib.pbkdf2_hmac("sha256", master, salt, ITERATIONS))


def seal(content):
    """HMAC of the encrypted bytes, keyed with the first 32 bytes of the master key."""
    return hmac.new(settings.EDMS_MASTER_KEY.encode()[:32], content, "sha256").hexdigest()


def encrypt_copy(document, salt):
    """Writes `<path>.encrypted` beside the file and gives the row's encryption_metadata."""
    plain = resolve(document.file_path).read_bytes()
    token = Fernet(file_key(salt)).encrypt(plain)
    path = f"{document.file_path}.encrypted"
    size, digest = write_file(path, [token])
    return {
        "algorithm": "Fernet",
        "iterations": ITERATIONS,
        "salt": base64.b64encode(salt).decode(),
        "original_size": len(plain),
        "original_sha256": hashlib.sha256(plain).hexdigest(),
        "encrypted_path": path,
        "encrypted_size": size,
        "encrypted_sha256": digest,
        "hmac": seal(token),
    }


def copy_problem(facts):
    path = resolve(facts["encrypted_path"])
    if not path.is_file():
        return "missing"
    token = path.read_bytes()
    if not hmac.compare_digest(seal(token), facts["hmac"]):
        return "HMAC differs"
    try:
        plain = Fernet(file_key(base64.b64decode(facts["salt"]))).decrypt(token)
    except InvalidToken:
        return "does not open with this EDMS_MASTER_KEY"
    same = hashlib.sha256(plain).hexdigest() == facts["original_sha256"]
    return None if same else "plain text differs"


def encrypted_files_canary():
    problems, opened = [], 0
    for document in Document.objects.filter(is_encrypted=True).order_by("pk"):
        problem = copy_problem(document.encryption_metadata)
        opened += problem is None
        if problem:
            problems.append({"document": document.document_number, "problem": problem})
    return {"ok": not problems, "opened": opened, "wrong": problems}
