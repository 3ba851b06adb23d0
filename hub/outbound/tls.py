"""Whom this machine trusts, read once a process: it takes twenty milliseconds, and a hub asks and posts in a dozen ways.

https://docs.python.org/3/library/ssl.html#ssl.create_default_context
"""

import ssl
from functools import cache


@cache
def trusted() -> ssl.SSLContext:
    return ssl.create_default_context()
