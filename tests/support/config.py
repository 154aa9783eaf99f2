"""Configurations as text."""


def server(name, address, port, extra=""):
    return f'server {{ name: "{name}" address: "{address}" port: {port} {extra} }}'


def virtual_service(name, port, servers, check="tcp {}", extra="", address="127.0.0.1", timing=None, listener=""):
    """A TCP service on 127.0.0.1:port. `servers`: texts of server(); `listener`: more of the listener. Checks are fast, so
    that tests are."""
    timing = timing or 'interval: "200ms" fast_interval: "50ms" timeout: "500ms" rise: 2 fall: 2'
    health = f"health_check {{ {check} {timing} }}" if check else ""
    return f"""
virtual_service {{
  name: "{name}"
  listener {{ address: "{address}" port: {port} {listener} }}
  {" ".join(servers)}
  {health}
  {extra}
}}
"""


def of_farm(farm, service, name, port, check=None, extra="", kind="CAS", **options):
    """A service whose servers are those of the farm."""
    checks = {"imap": "imap {}", "pop3": "pop3 {}", "smtp": "smtp {}", "mapper": "endpoint_mapper {}"}
    servers = [server(s, *farm.server(s, service)) for s in farm.servers(kind)]
    chosen = checks.get(service, "tcp {}") if check is None else check
    return virtual_service(name, port, servers, check=chosen, extra=extra, **options)


def http_service(name, port, servers, check='http { path: "/owa/healthcheck.htm" }', extra="", **options):
    """An HTTP service on 127.0.0.1:port. `servers`: texts of server()."""
    return virtual_service(name, port, servers, check=check, extra="protocol: HTTP " + extra, **options)


def http_of_farm(farm, name, port, extra="", server_extra="", **options):
    """An HTTP service whose servers are the CAS of the farm. `server_extra`: for each server."""
    servers = [server(s, *farm.server(s, "http"), extra=server_extra) for s in farm.servers("CAS")]
    return http_service(name, port, servers, extra=extra, **options)


def pool(farm, name, extra="", timing=None, path=None):
    """A pool of the CAS of the farm, checked as the directory of that name (or path) is."""
    timing = timing or 'interval: "200ms" fast_interval: "50ms" timeout: "500ms" rise: 2 fall: 2'
    servers = " ".join(server(s, *farm.server(s, "http")) for s in farm.servers("CAS"))
    check = f'health_check {{ http {{ path: "{path or "/" + name}/healthcheck.htm" }} {timing} }}'
    return f'pool {{ name: "{name}" {servers} {check} {extra} }}'


def route(prefix, pool_name="", extra=""):
    """`pool_name` empty: see `extra` ("deny: true")."""
    target = f'pool: "{pool_name}"' if pool_name else ""
    return f'route {{ path_prefix: "{prefix}" {target} {extra} }}'


def cookie(name="SRV", expiry=None):
    return f'persistence {{ cookie {{ name: "{name}" }} {f"""expiry: "{expiry}" """ if expiry else ""}}}'


def exchange_servers(farm):
    text = 'listen_address: "127.0.0.1"\n'
    for name in farm.servers("CAS"):
        text += f'cas_server {{ name: "{name}" address: "{farm.addresses[name]}" }}\n'
    for name in farm.servers("HUB"):
        text += f'hub_server {{ name: "{name}" address: "{farm.addresses[name]}" }}\n'
    return text


def exchange(farm, port):
    """All areas that pass TCP, clients' ports from the dictionary `port`; RPC on the servers' own ports."""
    p = farm.ports
    return exchange_servers(farm) + f"""
imap {{ mode: CLEAR_AND_SSL_FORWARD virtual_port: {port["imap"]} virtual_ssl_port: {port["imaps"]}
       server_port: {p["imap"]} server_ssl_port: {p["imaps"]} }}
pop3 {{ mode: CLEAR_AND_SSL_FORWARD virtual_port: {port["pop3"]} virtual_ssl_port: {port["pop3s"]}
       server_port: {p["pop3"]} server_ssl_port: {p["pop3s"]} }}
smtp {{ mode: CLEAR_AND_SSL_FORWARD virtual_port: {port["smtp"]} virtual_ssl_port: {port["submission"]}
       ssl_port_mode: STARTTLS
       server_port: {p["smtp"]} server_ssl_port: {p["submission"]} }}
rpc  {{ endpoint_mapper_port: {p["mapper"]} client_access_port: {p["rpc"]} address_book_port: {p["addressbook"]} }}
http {{ mode: SSL_FORWARD virtual_https_port: {port["https"]} redirect_http_port: 0 cas_https_port: {p["https"]} }}
"""


def exchange_ports(free_port):
    """Fresh ports for clients, as exchange() wants them."""
    names = ("imap", "imaps", "pop3", "pop3s", "smtp", "submission", "https")
    return {name: free_port() for name in names}


DIRECTORIES = {"owa": ("/owa", "/ecp"), "ews": ("/ews",), "oab": ("/oab",), "autodiscover": ("/autodiscover",),
               "activesync": ("/Microsoft-Server-ActiveSync",), "rpcproxy": ("/rpc",), "mapi": ("/mapi",)}
_PERSISTENCE = {"owa": cookie(), "ews": cookie(), "activesync": "persistence { authorization_header {} }",
                "rpcproxy": "persistence { source_address {} }"}


def exchange_web(farm, name, port, deny=("/powershell",), extra=""):
    """An HTTP service in clear with a pool for each Exchange directory, as the http area has them behind TLS."""
    paths = {"activesync": "/Microsoft-Server-ActiveSync", "rpcproxy": "/rpc"}
    pools = [pool(farm, directory, extra=_PERSISTENCE.get(directory, ""), path=paths.get(directory))
             for directory in DIRECTORIES]
    routes = [route(prefix, directory) for directory, prefixes in DIRECTORIES.items() for prefix in prefixes]
    routes += [route(prefix, extra="deny: true") for prefix in deny]
    return http_service(name, port, [], check=None, extra=" ".join([*pools, *routes, 'root_redirect: "/owa/"', extra]))
