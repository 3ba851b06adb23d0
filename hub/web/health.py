"""Is the process alive, and can it answer? For load balancers and service managers; says nothing else.

https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

import logging

from flask import Response

from hub.web.negotiation import JSON
from hub.web.service import Service

log = logging.getLogger("hub.web")


def alive() -> Response:
    return Response('{"status":"alive"}', 200, content_type=JSON)


def ready(service: Service) -> Response:
    """503 while the database does not answer."""
    try:
        service.registry.client("-")
    except Exception as problem:
        log.warning("hub.not-ready", extra={"problem": type(problem).__name__})
        return Response('{"status":"not ready"}', 503, content_type=JSON)
    return Response('{"status":"ready"}', 200, content_type=JSON)
