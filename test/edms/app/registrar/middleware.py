import logging

log = logging.getLogger("edms.request")


class RequestLog:
    """One line per answered request in logs/edms.log."""

    def __init__(self, answer):
        self.answer = answer

    def __call__(self, request):
        response = self.answer(request)
        user = getattr(request.user, "username", "") or "-"
        log.info("%s %s %s user=%s", request.method, request.path, response.status_code, user)
        return response
