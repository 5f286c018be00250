# SPDX-License-Identifier: GPL-2.0-only
"""L2: the guest, a stock kernel that a QEMU in L1 runs with KVM."""

import re
import time

import console
from agent import Agent
from errors import BedError, Dead, Timeout, check
from limits import Deadline
from pod import CLASS, Pod
from qmp import Qmp

LINUX = "-kernel /l2/vmlinuz -initrd /l2/initrd"
_QEMU_BASE = ("-L /fw -nodefaults -no-user-config -display none -accel kvm"
              " -chardev pipe,id=con,path=/dev/virtio-ports/l2console -serial chardev:con"
              " -chardev pipe,id=qmp,path=/dev/virtio-ports/qmp -mon chardev=qmp,mode=control"
              " -device virtio-serial-pci"
              " -chardev pipe,id=agent,path=/dev/virtio-ports/l2agent"
              " -device virtserialport,chardev=agent,name=agent")
_CMDLINE = "console=ttyS0 panic=-1 quiet mitigations=off nokaslr tsc=reliable no_timer_check"
_UP = re.compile(r"L2-UP MemTotal=(\d+)")
BOOT_TIMEOUT = 80


def pod_backend(size, target, extra=""):
    return (f"-object pod-memory,id=m0,size={size},target={target}{extra}"
            " -machine memory-backend=m0")


def anonymous_backend(size):
    """What the pod is compared with: anonymous memory with 2 MiB pages."""
    return f"-object memory-backend-ram,id=m0,size={size} -machine memory-backend=m0"


class L2:
    """A guest from the start of its QEMU on. L2.boots counts what its console said."""

    def __init__(self, l1, backend, append="", devices="-device virtio-balloon-pci", cpus=1,
                 cpu="host", launcher="qemu-system-x86_64", wait_qmp=True, image=LINUX):
        self._l1 = l1
        self.allowed = None
        self.console = l1.stream("l2console")
        self._seen = self._checked = self.console.position()
        self._agent = Agent(l1.stream("l2agent"), self.check_alive)
        qmp_start = l1.stream("qmp").position()
        self.pid = self._launch(launcher, f"{image} -cpu {cpu} -smp {cpus} {backend} {devices}",
                                append)
        self.qmp = None
        if wait_qmp:
            self.qmp = self._connect(qmp_start)

    def _connect(self, start):
        try:
            return Qmp(self._l1.stream("qmp"), start, 30, self._check_started)
        except (Timeout, Dead) as error:
            raise type(error)(f"{error}\n{self.tail(5)}") from None

    def _check_started(self):
        self.check_alive()
        if self.status() is not None:
            raise Dead(f"QEMU ended, status {self.status()}\n{self.stderr()[-500:]}")

    def _launch(self, launcher, options, append):
        command = f"{launcher} {_QEMU_BASE} {options} -append '{_CMDLINE} {append}'"
        return int(self._l1.sh(f"rm -f /tmp/l2.status /tmp/l2.pid; (setsid {command} >/tmp/l2.err 2>&1 &"
                               " echo $! >/tmp/l2.pid; wait $!; echo $? >/tmp/l2.status) >/dev/null 2>&1 &"
                               " while [ ! -s /tmp/l2.pid ]; do usleep 20000; done;"
                               " cat /tmp/l2.pid"))

    def wait_up(self, timeout=BOOT_TIMEOUT):
        """Wait until the guest's init runs; return MemTotal in bytes."""
        return 1024 * int(_UP.search(self.wait_line(_UP.search, timeout))[1])

    def wait_line(self, wanted, timeout):
        """Wait until the console says a line with wanted(line) true; return the line."""
        try:
            index = self.console.wait(wanted, timeout, self._seen, self.check_alive)
        except (Timeout, Dead) as error:
            raise type(error)(f"{error}\n{self.tail(15)}") from None
        self._seen = index + 1
        return self.console.lines[index]

    def is_up(self):
        """Whether the guest's init runs, without waiting."""
        self.check_alive()
        return any(_UP.search(line) for line in self.console.lines[self._seen:])

    def sh(self, command, timeout=60, status=0):
        return self._agent.sh(command, timeout, status)

    def post(self, command):
        self._agent.post(command)

    def pod(self):
        """The pod behind this guest."""
        owners = self._l1.watch(f"cd {CLASS} && grep -l -x {self.pid} pod*/owner_pid; true")
        match = re.match(r"pod(\d+)/", owners)
        if not match:
            raise BedError(f"no pod of process {self.pid}; there are: "
                           + self._l1.watch(f"grep . {CLASS}/pod*/owner_pid; true"))
        return Pod(self._l1, int(match[1]))

    def pod_file(self):
        """A path in L1 under which QEMU's pod file can be opened."""
        return self._l1.watch(f"for fd in /proc/{self.pid}/fd/*; do case $(readlink $fd) in"
                              " /dev/*) ;; *kvm-pod*) echo $fd; exit;; esac; done; exit 1")

    def sptes(self):
        """How KVM maps the guest: {"4k": count, "2m": count}."""
        path = f"/sys/kernel/debug/kvm/{self.pid}-*"
        values = self._l1.watch(f"cat {path}/pages_4k {path}/pages_2m").split()
        return {"4k": int(values[0]), "2m": int(values[1])}

    def balloon_actual(self):
        return self.qmp.call("query-balloon")["actual"]

    def wait_balloon(self, wanted, timeout=40, slack=1 << 20):
        """Wait until the guest reports wanted bytes, give or take slack."""
        deadline = Deadline(timeout)
        while True:
            actual = self.balloon_actual()
            if abs(actual - wanted) <= slack:
                return actual
            if deadline.over():
                raise Timeout(f"the balloon stands at {actual >> 20} MiB, not "
                              f"{wanted >> 20} MiB, after {deadline.seconds:.0f} s")
            time.sleep(0.3)

    def running(self):
        return self._l1.watch(f"[ -d /proc/{self.pid}/fd ] && grep -q '^State:.[^Z]'"
                              f" /proc/{self.pid}/status; echo $?") == "0"

    def check_alive(self):
        """Raise Dead when L1 is in trouble, or the guest's kernel complained."""
        self._l1.check_alive()
        lines = self.console.lines
        end = len(lines)
        bad = console.trouble_in(lines[self._checked:end], self.allowed)
        if bad:
            raise Dead(f"the guest's kernel said: {bad}\n{self.tail(30)}")
        self._checked = end

    def status(self):
        """The exit status of its QEMU, None while it runs."""
        text = self._l1.watch("cat /tmp/l2.status 2>/dev/null; true")
        return int(text) if text else None

    def wait_exit(self, timeout=20):
        deadline = Deadline(timeout)
        while self.status() is None:
            if deadline.over():
                raise Timeout(f"QEMU has not ended after {deadline.seconds:.0f} s")
            time.sleep(0.1)
        return self.status()

    def stderr(self):
        return self._l1.watch("cat /tmp/l2.err; true")

    def quit(self):
        """Ask QEMU to end, and see that it does so cleanly."""
        try:
            self.qmp.call("quit")
        except Dead:
            # It may be gone before its answer has come; nothing else may be wrong.
            self.check_alive()
        status = self.wait_exit()
        check(status == 0, f"QEMU ended with status {status}: {self.stderr()}")

    def kill(self):
        self._l1.watch(f"kill -9 {self.pid}; true")

    def tail(self, count):
        lines = [f"  L2| {line}" for line in self.console.lines[-count:]]
        return "\n".join(lines + [f"  QEMU in L1: {self.stderr()}"])
