"""The address that a request of Flask comes from: `hub.oauth.origin` tells which one is believed."""

from flask import Request

from hub.oauth.origin import seen_from


def address(request: Request, proxies: int) -> str:
    return seen_from(request.headers.getlist("X-Forwarded-For"), request.remote_addr, proxies)
