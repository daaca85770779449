"""Who is asked without a proxy, whatever http_proxy says: this machine, the cluster, the network at home.

A proxy cannot know their names, and refuses or waits. Servers outside are asked as the environment says.
"""

import urllib.request
from ipaddress import ip_address
from urllib.parse import urlsplit

INNER = (".localhost", ".local", ".internal", ".svc", ".cluster.local", ".home.arpa")


def is_near(host: str) -> bool:
    """Whether a host, by name or address, is one that no proxy is asked for."""
    name = host.strip("[]").partition("%")[0].rstrip(".").lower()
    try:
        address = ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(INNER)  # names of containers and machines have no dot
    return address.is_loopback or address.is_private or address.is_link_local or address.is_unspecified


def is_near_url(url: str) -> bool:
    try:
        return is_near(urlsplit(url).hostname or "")
    except ValueError:
        return False


def opener_for(url: str) -> urllib.request.OpenerDirector:
    """Opens a URL, through the environment's proxies only where it is not near."""
    direct = [urllib.request.ProxyHandler({})] if is_near_url(url) else []
    return urllib.request.build_opener(*direct)
