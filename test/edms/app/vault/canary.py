"""Proof that the keys at hand are the keys the data was made with."""

import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.contrib.sessions.models import Session

from library.encryption import encrypted_files_canary
from library.models import DocumentComment
from vault.models import SigningCertificate


def public_bytes(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_matches(private_pem, certificate_pem):
    private = load_pem_private_key(private_pem, password=None)
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    return public_bytes(private.public_key()) == public_bytes(certificate.public_key())


def master_key_canary():
    """Each comment rests encrypted; its metadata holds the SHA-256 of the plain text."""
    try:
        comments = list(DocumentComment.objects.order_by("pk"))
    except InvalidToken:
        return {"ok": False, "problem": "a comment does not open with this EDMS_MASTER_KEY"}
    wrong = [
        comment.pk
        for comment in comments
        if hashlib.sha256(comment.content.encode()).hexdigest()
        != comment.metadata.get("content_sha256")
    ]
    return {"ok": bool(comments) and not wrong, "opened": len(comments), "wrong": wrong}


def secret_key_canary():
    """Sessions that decode with SECRET_KEY; a foreign one decodes to nothing."""
    sessions = Session.objects.all()
    decoded = sum(bool(session.get_decoded()) for session in sessions)
    return {"ok": decoded == len(sessions), "sessions": len(sessions), "decoded": decoded}


def certificate_file_canary():
    root = Path(settings.CERTIFICATES_ROOT)
    paths = [root / "server.key", root / "server.crt"]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        return {"ok": False, "missing": missing}
    return {"ok": key_matches(*(path.read_bytes() for path in paths))}


def signing_canary():
    rows = SigningCertificate.objects.filter(is_active=True)
    wrong = [
        row.pk
        for row in rows
        if not key_matches(row.private_key_pem.encode(), row.certificate_pem.encode())
    ]
    return {"ok": bool(rows) and not wrong, "certificates": len(rows), "wrong": wrong}


def canary():
    """Opens, decodes and matches what only the right keys open, decode and match."""
    parts = {
        "master_key": master_key_canary(),
        "encrypted_files": encrypted_files_canary(),
        "secret_key": secret_key_canary(),
        "certificate_files": certificate_file_canary(),
        "signing_certificate": signing_canary(),
    }
    return {"ok": all(part["ok"] for part in parts.values()), **parts}
