"""What every instance has: people, groups, states, types, schedule. Plain data."""

GROUPS = {
    "Document Reviewers": ["view_document", "review_document", "add_documentcomment"],
    "Document Approvers": ["view_document", "approve_document"],
    "Senior Document Approvers": ["view_document", "approve_document", "senior_approve_document"],
    "Document Authors": [
        "view_document",
        "add_document",
        "change_document",
        "view_documentversion",
    ],
}

# Known to the life cycle by name, made by no migration: only a backup brings them back.
LIVE_PERMISSIONS = {
    "review_document": "Can review document",
    "approve_document": "Can approve document",
    "senior_approve_document": "Can approve document as a senior",
}

ROLES = [
    ("Document Reviewer", "O", "review"),
    ("Document Admin", "O", "admin"),
    ("Document Author", "O", "write"),
    ("Document Approver", "O", "approve"),
    ("Document Viewer", "O", "read"),
    ("User Admin", "U", "admin"),
    ("Placeholder Admin", "P", "admin"),
]

# username, first name, last name, flags, groups, role
PEOPLE = [
    ("admin", "Ada", "Steward", {"is_superuser": True, "is_staff": True}, [], None),
    ("deputy", "Dmitri", "Åkesson", {"is_superuser": True, "is_staff": True}, [], "User Admin"),
    ("archiver", "Archive", "Service", {"is_active": False}, [], None),
    ("author", "Aïcha", "O'Neill", {}, ["Document Authors"], "Document Author"),
    ("reviewer", "René", "Vogel", {}, ["Document Reviewers"], "Document Reviewer"),
    (
        "approver",
        "Petra",
        "Müller",
        {},
        ["Document Approvers", "Senior Document Approvers"],
        "Document Approver",
    ),
    ("viewer", "Wei", "李", {"failed_login_attempts": 3}, [], "Document Viewer"),
]

STATES = [
    ("DRAFT", "Draft"),
    ("PENDING_REVIEW", "Pending review"),
    ("UNDER_REVIEW", "Under review"),
    ("REVIEW_COMPLETED", "Review completed"),
    ("PENDING_APPROVAL", "Pending approval"),
    ("UNDER_APPROVAL", "Under approval"),
    ("APPROVED", "Approved"),
    ("APPROVED_WAITING", "Approved, not yet effective"),
    ("EFFECTIVE", "Effective"),
    ("OBSOLETE_PLANNED", "Obsolescence planned"),
    ("OBSOLETE_PENDING", "Obsolescence pending"),
    ("OBSOLETE", "Obsolete"),
    ("SUPERSEDED", "Superseded"),
    ("TERMINATED", "Terminated"),
    ("REJECTED", "Rejected"),
    ("ON_HOLD", "On hold"),
    ("WITHDRAWN", "Withdrawn"),
    ("ARCHIVED", "Archived"),
]
FINAL_STATES = {"OBSOLETE", "SUPERSEDED", "TERMINATED", "ARCHIVED"}

WORKFLOW_TYPES = ["REVIEW", "APPROVAL", "UP_VERSION", "OBSOLETE", "TERMINATE"]

DOCUMENT_TYPES = [
    ("SOP", "Standard operating procedure"),
    ("POL", "Policy"),
    ("MAN", "Manual"),
    ("FRM", "Form"),
    ("REC", "Record"),
    ("TPL", "Template"),
]

SOURCES = ["Original draft", "Scanned original", "Scanned copy", "Received from outside"]

PLACEHOLDERS = (
    "document_number document_title document_version document_status document_type department "
    "author_name author_mail reviewer_name reviewer_mail approver_name approver_mail created_date "
    "review_date approval_date effective_date obsolete_date review_due_date file_name file_size "
    "file_checksum mime_type company_name company_address print_date print_user page_number "
    "page_count change_summary reason_for_change supersedes keywords"
).split()

# name, task, crontab (minute, hour), kwargs
SCHEDULE = [
    ("Apply effective dates", "agenda.tasks.apply_effective_dates", ("0", "*"), "{}"),
    ("Apply obsolescence", "agenda.tasks.apply_obsolescence", ("15", "*"), "{}"),
    ("Expire workflows", "agenda.tasks.expire_workflows", ("0", "*/4"), "{}"),
    ("Check health", "agenda.tasks.check_health", ("*/30", "*"), "{}"),
    ("Remove orphaned tasks", "agenda.tasks.remove_orphans", ("0", "*/6"), '{"dry_run": false}'),
]

BACKUP_SETTINGS = [
    (kind, frequency)
    for kind in ("FULL", "INCREMENTAL", "DATABASE", "FILES")
    for frequency in ("HOURLY", "DAILY", "WEEKLY", "MONTHLY")
][:14]

COMMENTS = [
    "Confidential: the deviation in batch 7 is not yet closed — do not circulate.",
    "“Limits” in § 4.2 differ from the supplier's sheet; see señor Núñez' note of 3 March.",
]

HOSTILE_NAMES = [
    "Prüfbericht Nº 7 – endgültig (2).pdf",
    'it\'s "final" & really 100%.txt',
    "  two  spaces  inside.txt",
    "報告書 2025年12月.docx",
    "-rf --no-preserve.txt",
    "back\\slash $HOME `tick`;semi.pdf",
    "e\u0301tude decomposed.txt",
    "Ελληνικά 🙂 emoji.txt",
    "tab\there.txt",
    "name.with.many.dots..txt",
    "*?[glob]{a,b}.pdf",
    "#hash & %41 percent.docx",
]
