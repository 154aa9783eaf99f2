"""Configurations as text."""


def server(name, address, port, extra=""):
    return f'server {{ name: "{name}" address: "{address}" port: {port} {extra} }}'


def virtual_service(name, port, servers, check="tcp {}", extra="", address="127.0.0.1", timing=None):
    """A TCP service on 127.0.0.1:port. `servers`: texts of server(). Checks are fast, so that tests are."""
    timing = timing or 'interval: "200ms" fast_interval: "50ms" timeout: "500ms" rise: 2 fall: 2'
    health = f"health_check {{ {check} {timing} }}" if check else ""
    return f"""
virtual_service {{
  name: "{name}"
  listener {{ address: "{address}" port: {port} }}
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
