"""Whom this machine trusts, read once a process: to read it takes longer than most of what a test asks, and tests ask with many clients."""

from functools import cache

import httpcore2


def read_once() -> None:
    known = httpcore2.default_ssl_context
    if not hasattr(known, "cache_info"):
        httpcore2.default_ssl_context = cache(known)
