"""JSON in, JSON out."""

import json
from functools import wraps

from django.http import JsonResponse


class Refused(Exception):
    def __init__(self, status, problem):
        super().__init__(problem)
        self.status = status


def endpoint(**by_method):
    """One path: a function for each method; a Refused becomes its status and a problem text."""

    def view(request, **arguments):
        act = by_method.get(request.method)
        if act is None:
            return JsonResponse({"problem": f"method {request.method} is not served"}, status=405)
        try:
            answer = act(request, **arguments)
        except Refused as refusal:
            return JsonResponse({"problem": str(refusal)}, status=refusal.status)
        return JsonResponse(answer) if isinstance(answer, dict) else answer

    view.csrf_exempt = True
    return view


def logged_in(act):
    @wraps(act)
    def guarded(request, **arguments):
        if not request.user.is_authenticated:
            raise Refused(401, "not logged in")
        return act(request, **arguments)

    return guarded


def body_of(request):
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "the body is not a JSON object")
    return body
