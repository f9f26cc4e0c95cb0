"""Notes every save of a document in the change log.

As in the system this stands for, no handler asks whether rows are being loaded (`raw`): loading
through the ORM writes change rows that nobody's work caused.
"""

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from ledger.models import DatabaseChange
from library.models import Document, DocumentComment, DocumentVersion

WATCHED = (Document, DocumentComment, DocumentVersion)


def note(instance, operation):
    if isinstance(instance, WATCHED):
        DatabaseChange.objects.create(
            table_name=instance._meta.db_table,
            operation=operation,
            record_id=str(instance.pk),
        )


@receiver(post_save)
def note_save(sender, instance, created, **signal):
    note(instance, "INSERT" if created else "UPDATE")


@receiver(post_delete)
def note_delete(sender, instance, **signal):
    note(instance, "DELETE")
