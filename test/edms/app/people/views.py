import logging
from datetime import timedelta

from django.contrib.auth import authenticate, login, logout
from django.utils import timezone

from ledger.models import LoginAttempt, SessionRecord
from ledger.record import record_audit, request_facts
from people.models import User
from people.rights import rights_of
from registrar.answers import Refused, body_of, logged_in

log = logging.getLogger("edms.security")
FAILED_LOGINS_MAX = 5
LOCKED_FOR = timedelta(minutes=30)


def note_attempt(request, username, user, reason=None):
    LoginAttempt.objects.create(
        username=username[:150],
        user=user,
        success=reason is None,
        failure_reason=reason,
        ip_address=request.META.get("REMOTE_ADDR"),
        user_agent=request.headers.get("User-Agent", ""),
    )
    log.info("login username=%s ok=%s", username, reason is None)


def refuse_login(request, username, reason):
    user = User.objects.filter(username=username).first()
    note_attempt(request, username, user, reason)
    if user and reason == "bad credentials":
        user.failed_login_attempts += 1
        if user.failed_login_attempts >= FAILED_LOGINS_MAX:
            user.account_locked_until = timezone.now() + LOCKED_FOR
        user.save(update_fields=["failed_login_attempts", "account_locked_until"])
    raise Refused(403, reason)


def is_locked(username):
    return User.objects.filter(username=username, account_locked_until__gt=timezone.now()).exists()


def note_session(request, user):
    SessionRecord.objects.create(
        session_key=request.session.session_key,
        user=user,
        ip_address=request.META.get("REMOTE_ADDR", "127.0.0.1"),
        user_agent=request.headers.get("User-Agent", ""),
        login_timestamp=timezone.now(),
        last_activity=timezone.now(),
    )


def user_view(user):
    return {"id": user.pk, "uuid": str(user.uuid), "username": user.username, "email": user.email}


def log_in(request):
    body = body_of(request)
    username, password = str(body.get("username", "")), str(body.get("password", ""))
    if is_locked(username):
        refuse_login(request, username, "account locked")
    user = authenticate(request, username=username, password=password)
    if user is None:
        refuse_login(request, username, "bad credentials")
    login(request, user)
    request.session.cycle_key()
    note_attempt(request, username, user)
    note_session(request, user)
    record_audit(
        user=user,
        action="LOGIN",
        subject=user,
        field_changes={},
        facts=request_facts(request),
        module="S",
    )
    return user_view(user)


def log_out(request):
    logout(request)
    return {"logged_out": True}


@logged_in
def whoami(request):
    return user_view(request.user)


@logged_in
def permissions(request):
    return rights_of(request.user)
