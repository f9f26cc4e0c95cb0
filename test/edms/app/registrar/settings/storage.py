from registrar.environment import APP_ROOT, text

STORAGE_ROOT = APP_ROOT / "storage"
MEDIA_ROOT = APP_ROOT / text("MEDIA_ROOT", "storage/media")
CERTIFICATES_ROOT = APP_ROOT / text("CERTIFICATES_ROOT", "certificates")
UPLOAD_BYTES_MAX = int(text("UPLOAD_BYTES_MAX", str(50 * 1024 * 1024)))
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * UPLOAD_BYTES_MAX
