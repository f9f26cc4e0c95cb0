"""The periodic tasks the schedule names; each only notes that it ran."""

import logging

from celery import shared_task

log = logging.getLogger("edms.tasks")


@shared_task
def apply_effective_dates():
    log.info("effective dates applied")


@shared_task
def apply_obsolescence():
    log.info("obsolescence applied")


@shared_task
def expire_workflows():
    log.info("overdue workflows expired")


@shared_task
def check_health():
    log.info("health checked")


@shared_task
def remove_orphans(dry_run=True):
    log.info("orphaned tasks removed dry_run=%s", dry_run)
