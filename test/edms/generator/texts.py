"""Deterministic texts and files of a fixed compressibility."""

import io
import random
import zipfile

STEMS = (
    "record review audit batch sample label method limit change approve retain issue train report "
    "control verify release storage transfer supply vendor deviation trend risk"
).split()
TAILS = "s ed ing er able ment ly al ion ance ity".split()
# Exactly 256 words, so that one random byte picks one word.
WORDS = [stem + tail for stem in STEMS for tail in ["", *TAILS]][:256]
WORD_BYTES = [word.encode() for word in WORDS]

TEXT_SHARE = 0.4
ZIP_DATE = (2025, 12, 1, 8, 0, 0)
DOCX_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
)


def substream(seed, name):
    """An own stream of randomness for each kind of data: one may grow without moving another."""
    return random.Random(f"{seed}:{name}")


def words(rng, count):
    return " ".join([WORDS[byte] for byte in rng.randbytes(count)])


def text_bytes(rng, size):
    text = b" ".join([WORD_BYTES[byte] for byte in rng.randbytes(size // 6 + 64)])
    return text[:size]


def txt_file(rng, size):
    return text_bytes(rng, size)


def pdf_file(rng, size):
    """A header, a readable part and a part like a compressed image."""
    head = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n"
    tail = b"\nendstream endobj\n%%EOF\n"
    room = size - len(head) - len(tail)
    text = text_bytes(rng, int(room * TEXT_SHARE))
    return head + text + rng.randbytes(room - len(text)) + tail


def zip_of(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name, ZIP_DATE), content)
    return out.getvalue()


def docx_file(rng, size):
    """A stored zip of a readable part and an image-like part, of exactly `size` bytes."""

    def parts(text, image):
        return [
            ("[Content_Types].xml", DOCX_TYPES),
            ("word/document.xml", text),
            ("word/media/image1.bin", image),
        ]

    room = size - len(zip_of(parts(b"", b"")))
    text = text_bytes(rng, int(room * TEXT_SHARE))
    return zip_of(parts(text, rng.randbytes(room - len(text))))


MAKERS = {"docx": docx_file, "pdf": pdf_file, "txt": txt_file}
MIME_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "txt": "text/plain",
}


def file_of(kind, rng, size):
    return MAKERS[kind](rng, size)
