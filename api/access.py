"""Access control: by default only this computer, under its own host name, from its own pages."""

import functools
import ipaddress
import re

from flask import Flask, request

from api.errors import Refused, is_api
from api.state import state
from settings import Settings

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
PROXY_HEADERS = frozenset(
    {"Forwarded", "Forwarded-For", "Via", "X-Forwarded", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip"}
    | {"X-Original-Forwarded-For", "X-Original-Host", "X-Original-Url", "X-Rewrite-Url", "X-Proxyuser-Ip"}
    | {"True-Client-Ip", "Cf-Connecting-Ip", "Cdn-Loop", "Fastly-Client-Ip", "Fly-Client-Ip", "X-Arr-Clientip"}
    | {"X-Envoy-External-Address"}
)
OPEN_HINT = "Set ANOMALY_OPEN=1 (or start with --open) to serve others."
NOT_LOCAL = f"This service answers only the computer it runs on. {OPEN_HINT}"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
CROSS_SITES = frozenset({"cross-site", "same-site"})
"""Values of Sec-Fetch-Site for a request from a page of another site."""
ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<netloc>[^/?#@\s]+)")
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\[\]:/@\s]+)(:(?P<port>[0-9]{1,5}))?")


def check_access() -> None:
    """Raises Refused (403) for a request without access."""
    settings = state().settings
    if not settings.open:
        check_local(request.remote_addr or "", list(request.headers.keys()))
    check_host(settings, request.headers.get("Host", ""))
    if request.method not in SAFE_METHODS or is_api(request.path):
        check_same_site(settings)


def check_local(peer: str, header_names: list[str]) -> None:
    """Raises Refused (403) unless the peer is this computer and there is no proxy between."""
    if not is_loopback(peer):
        raise Refused(403, "not_local", NOT_LOCAL)
    for name in header_names:
        if is_proxy_header(name):
            message = f"This request came through a proxy (header {name}); only direct ones are answered. {OPEN_HINT}"
            raise Refused(403, "not_local", message, header=name)


@functools.lru_cache(maxsize=1024)
def is_proxy_header(name: str) -> bool:
    """Whether a proxy sets this header; some write it with underscores."""
    title = name.replace("_", "-").title()
    return title in PROXY_HEADERS or title.startswith("X-Forwarded-")


@functools.lru_cache(maxsize=1024)
def is_loopback(peer: str) -> bool:
    """Whether an IP address is this computer's; an IPv4 address may be wrapped in IPv6."""
    if not re.fullmatch(r"[0-9a-fA-F:.]+", peer):
        return False
    address = ipaddress.ip_address(peer)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def check_host(settings: Settings, host: str) -> None:
    """Raises Refused (403) unless the Host header is one of the service's own names: a page of another site whose name
    was made to point here (DNS rebinding) has another."""
    if settings.open and not settings.allowed_hosts:
        return
    name = host_name(host)
    if name not in LOCAL_HOSTS and name not in settings.allowed_hosts:
        message = f"This service is not called {host[:200]!r}. Add the name to ANOMALY_ALLOWED_HOSTS to allow it."
        raise Refused(403, "unknown_host", message, host=host[:200])


def host_name(host: str) -> str:
    """A Host header without its port, in lower case; empty when it is no host."""
    match = HOST.fullmatch(host.lower())
    return match["name"] if match else ""


def check_same_site(settings: Settings) -> None:
    """Raises Refused (403) for a browser's request from a page of another site. Programs send neither header and
    pass."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in CROSS_SITES and (origin is None or is_own_origin(settings, origin, site)):
        return
    message = "A page of another site sent this request; call the API from the service's own page or from a program."
    raise Refused(403, "cross_site", message, origin=origin)


def is_own_origin(settings: Settings, origin: str, site: str | None) -> bool:
    """Whether an Origin header names this service by scheme, host and port, or, where a proxy changed the Host header
    and the browser vouches for it, by an allowed name. A proxy, which only an open service has, may speak https."""
    match = ORIGIN.fullmatch(origin.lower())
    if not match or not (settings.open or match["scheme"] == request.scheme):
        return False
    own = without_default_port(request.headers.get("Host", "").lower())
    return without_default_port(match["netloc"]) == own or (
        site == "same-origin" and host_name(match["netloc"]) in settings.allowed_hosts
    )


def without_default_port(netloc: str) -> str:
    """A host without the ports that browsers leave out."""
    return re.sub(r":(80|443)$", "", netloc)


def register(app: Flask) -> None:
    """Checks every request before its route is called."""
    app.before_request(check_access)
