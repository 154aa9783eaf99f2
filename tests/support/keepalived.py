"""keepalived on a machine of a network."""
import contextlib
import os
import pathlib
import signal

import process

_HEAD = """global_defs {{
  vrrp_version {version}
  vrrp_garp_master_refresh 0
}}
"""
_INSTANCE = """vrrp_instance {name} {{
  state BACKUP
  interface eth0
  virtual_router_id {vrid}
  priority {priority}
  advert_int {interval}
  {extra}
  virtual_ipaddress {{
    {addresses}
  }}
}}
"""


class Keepalived:
    """One instance for all of `addresses`, which are of one family. `peers`: unicast to these."""

    def __init__(self, machine, folder, addresses, **settings):
        """`settings` as in _text()."""
        self.machine, self._settings = machine, {"addresses": addresses, **settings}
        self._folder = pathlib.Path(folder) / f"keepalived-{machine.name}"
        self._folder.mkdir()
        self._process = None

    def _text(self, addresses, version=3, vrid=51, priority=100, interval=0.1, preempt=True, peers=()):
        extra = [] if preempt else ["nopreempt"]
        if peers:
            source = self.machine.address(6 if ":" in addresses[0] else 4)
            extra += [f"unicast_src_ip {source}", "unicast_peer {", *peers, "}"]
        return _HEAD.format(version=version) + _INSTANCE.format(
            name="v", vrid=vrid, priority=priority, interval=interval, extra="\n  ".join(extra),
            addresses="\n    ".join(addresses))

    def start(self):
        self.change()
        command = ["keepalived", "-n", "-P", "-l", "-D", "-f", self._folder / "conf", "-p", self._folder / "pid", "-r",
                   self._folder / "vrrp.pid"]
        with open(self._folder / "log", "a") as log:
            self._process = process.spawn(self.machine.command(command), stdout=log, stderr=log)
        return self

    def change(self, **settings):
        """Other settings, of the running process or the next one."""
        self._settings.update(settings)
        (self._folder / "conf").write_text(self._text(**self._settings))
        if self._process:
            self._process.send_signal(signal.SIGHUP)

    def leave(self):
        """Gracefully, with a goodbye; does not wait for the end, which takes keepalived a second."""
        self._process.send_signal(signal.SIGTERM)

    end = leave

    def come(self):
        self.stop()
        self.start()

    def stop(self):
        if self._process:
            process.stop(self._process)
            self._process = None

    def die(self):
        """kill -9 of all its processes; what it set stays set."""
        if not self._process:
            return
        # The child first, or it would clean up when it sees its parent end; the parent must not start another.
        process.kill(self._process.pid, signal.SIGSTOP)
        children = process.descendants(self._process.pid)
        for pid in (*children, self._process.pid):
            process.kill(pid)
        process.stop(self._process)
        self._process = None
        for pid in children:  # ours now; a dead one that nobody waited for would count as running at the next start
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def log(self):
        return (self._folder / "log").read_text()
