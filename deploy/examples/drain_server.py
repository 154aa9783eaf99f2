#!/usr/bin/env python3
"""Lists virtual services, and takes a server out of service or back, over Aloha's management API.

    drain_server.py --endpoint 10.0.0.17:4443 --ca ca.pem --cert ops.pem --key ops.key list
    drain_server.py … drain CAS1 --wait 600
    drain_server.py … ready CAS1

Exit code 0: done; 1: refused, or sessions were left when the time was over; 3: nobody answers.
"""
import argparse
import os
import pathlib
import sys
import time

import aloha_api
import grpc

PROTOS = (pathlib.Path(__file__).resolve().parents[2] / "proto", pathlib.Path("/usr/share/aloha/proto"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", required=True, metavar="HOST:PORT")
    parser.add_argument("--ca", required=True, metavar="FILE", help="who vouches for the server")
    parser.add_argument("--cert", required=True, metavar="FILE", help="our certificate")
    parser.add_argument("--key", required=True, metavar="FILE", help="its private key")
    parser.add_argument("--proto", metavar="FOLDER", type=pathlib.Path, default=next((p for p in PROTOS if p.is_dir()), None),
                        help="where admin/v1 is")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="virtual services and their servers")
    for verb, text in (("drain", "no new sessions"), ("ready", "sessions again")):
        server = verbs.add_parser(verb, help=text)
        server.add_argument("server", help="SERVER, in all services that have it, or VIRTUAL-SERVICE/SERVER")
        if verb == "drain":
            server.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="until its sessions have ended")
    return parser.parse_args()


def show(api):
    names = api.type("Server")
    for service in api.listed("VirtualServices", "ListVirtualServices"):
        print(f"{service.name}: {'serves' if service.serving else 'does not serve'} on {', '.join(service.listeners)}")
        for server in service.servers:
            print(f"  {server.name} {server.address}:{server.port} {names.CheckState.Name(server.check_state)} "
                  f"{names.AdminState.Name(server.admin_state)} {server.sessions} sessions")


def set_state(api, server, state):
    """The virtual services and servers that were meant."""
    answer = api.call("Servers", "SetServerState", server=server, admin_state=getattr(api.type("Server"), state))
    print(answer.event.text)
    return {(s.virtual_service, s.name) for s in answer.servers}


def wait(api, meant, seconds):
    """Whether the sessions ended in time."""
    end = time.monotonic() + seconds
    while left := sum(s.sessions for s in api.listed("Servers", "ListServers") if (s.virtual_service, s.name) in meant):
        if time.monotonic() >= end:
            print(f"{left} sessions are left", file=sys.stderr)
            return False
        time.sleep(min(1.0, end - time.monotonic()))
    return True


def run(api, given):
    if given.verb == "list":
        show(api)
    elif given.verb == "ready":
        set_state(api, given.server, "READY")
    else:
        meant = set_state(api, given.server, "DRAIN")
        if given.wait and not wait(api, meant, given.wait):
            return 1
    return 0


def main():
    given = arguments()
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what goes wrong is told here, once
    with aloha_api.connect(given.endpoint, given.ca, given.cert, given.key) as channel:
        api = aloha_api.Api(given.proto, channel)
        try:
            return run(api, given)
        except grpc.RpcError as error:
            print(api.explain(error), file=sys.stderr)
            return 3 if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED) else 1


if __name__ == "__main__":
    sys.exit(main())
