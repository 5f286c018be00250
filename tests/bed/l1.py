# SPDX-License-Identifier: GPL-2.0-only
"""L1: the host under test, a stock kernel that QEMU's TCG runs with AMD SVM.

Or one of tests/kernels: then all is slower and needs more memory.
"""

import os
import signal
import subprocess
import time

import artifacts
import console
from agent import Agent
from errors import BedError, Dead, Vanished, check
from qmp import Qmp
from stream import Pump

# Port names inside L1; guest/l1-init.sh links /dev/virtio-ports/NAME to each.
_PORTS = ("agent", "watch", "sample", "qmp", "l2console", "l2agent")
_CMDLINE = ("console=ttyS0 panic=-1 oops=panic quiet loglevel=5 mitigations=off nokaslr"
            " tsc=reliable no_timer_check printk.time=1")
_PARALLEL = ["-accel", "tcg,thread=multi,tb-size=256"]
# A nanosecond is an instruction; none passes while all wait.
_COUNTED = ["-accel", "tcg,thread=single,tb-size=256", "-icount", "shift=0,sleep=off"]
BOOT_TIMEOUT = 120
# A CPU's TLB has numbers of a map of memory that another CPU replaces meanwhile.
_TCG_RACE = "iotlb_to_section: Assertion"


def ended_by_tcg(status, said):
    """Is it TCG that ended L1, by a reset or by a race of its own that it noticed?"""
    return status == 0 or (status == -signal.SIGABRT and _TCG_RACE in said)


class L1:
    """A running host. Its ports are streams, read all the time.

    counted: its clock is the number of instructions that its only CPU ran.
    """

    def __init__(self, workdir, initrd, memory="1536M", cpus=1, append="", qemu_args=(),
                 counted=False):
        self.workdir = workdir
        self._accel = _COUNTED if counted else _PARALLEL
        self.allowed = None
        self._checked = 0
        self._streams = {}
        self._logs = []
        self._pump = Pump()
        sockets = [self._open(name) for name in ("console", "monitor") + _PORTS]
        self._process = self._spawn(initrd, memory, cpus, append, qemu_args, sockets)
        for sock in sockets:
            sock.close()
        self._pump.start()
        self.console = self._streams["console"]
        self._agents = {name: Agent(self._streams[name], self.check_alive)
                        for name in ("agent", "watch")}
        try:
            self.console.wait(lambda line: "BED-UP" in line, BOOT_TIMEOUT, 0, self.check_alive)
        except Dead:
            if self._has_vanished():
                raise Vanished(f"L1 was gone before it was up; status {self._process.returncode},"
                               f" its end: {self._qemu_said().strip()[-200:]}") from None
            raise

    def _has_vanished(self):
        """Is it gone for a reason of TCG's, while the kernel found nothing wrong?"""
        try:
            status = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return False
        return (ended_by_tcg(status, self._qemu_said())
                and not console.trouble_in(self.console.lines))

    def _qemu_said(self):
        with open(os.path.join(self.workdir, "qemu-l0.log"), encoding="utf-8",
                  errors="replace") as log:
            return log.read()

    def sh(self, command, timeout=60, status=0):
        return self._agents["agent"].sh(command, timeout, status)

    def watch(self, command, timeout=30, status=0):
        """As sh(), on a second agent: while the first is busy."""
        return self._agents["watch"].sh(command, timeout, status)

    def stream(self, name):
        return self._streams[name]

    def read_number(self, path):
        return int(self.watch(f"cat {path}"))

    def meminfo(self, name):
        """A line of /proc/meminfo, in bytes."""
        return 1024 * int(self.watch(f"awk '$1 == \"{name}:\" {{ print $2 }}' /proc/meminfo"))

    def check_alive(self):
        """Raise Dead when L1 is gone or its kernel complained."""
        lines = self.console.lines
        end = len(lines)
        bad = console.trouble_in(lines[self._checked:end], self.allowed)
        if bad:
            time.sleep(0.5)  # for the rest of the report
            raise Dead(f"L1's kernel said: {bad}\n{self.tail(40)}")
        self._checked = end
        if self._process.poll() is not None:
            raise Dead(f"L1 ended, status {self._process.returncode}\n{self.tail(25)}")

    def where(self):
        """Where each CPU is, asked of the QEMU below; works when L1 is dead or hangs."""
        return Qmp(self._streams["monitor"], 0, 5, lambda: None).where()

    def tail(self, count):
        """The last lines of the console, for a report."""
        return "\n".join(f"  L1| {line}" for line in self.console.lines[-count:])

    def power_off(self, timeout=30):
        """The orderly end: what a kernel says while it shuts down counts too."""
        self._agents["agent"].post("poweroff -f")
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise BedError("L1 did not power off\n" + self.tail(25)) from None
        bad = console.trouble_in(self.console.lines, self.allowed)
        check(not bad, f"L1's kernel said: {bad}")

    def close(self):
        """End it whatever state it is in."""
        self._process.kill()
        self._process.wait()
        self._pump.join(5)
        for log in self._logs:
            log.close()

    def _open(self, name):
        log = open(f"{self.workdir}/{name}.log", "w", encoding="utf-8")
        self._logs.append(log)
        self._streams[name], theirs = self._pump.stream(name, log)
        return theirs

    def _spawn(self, initrd, memory, cpus, append, qemu_args, sockets):
        # Ours: TCG's nested SVM of others loses an interrupt, or injects it
        # twice, now and then.
        command = [
            artifacts.patched_qemu(), "-nodefaults", "-display", "none", "-no-reboot", "-no-user-config",
            "-L", "/usr/share/seabios", "-L", "/usr/share/qemu", "-L", "/usr/lib/ipxe/qemu",
            "-machine", "q35", *self._accel,
            "-cpu", "EPYC-Rome,svm=on,npt=on", "-m", enough(memory), "-smp", str(cpus),
            "-kernel", artifacts.l1_kernel()["VMLINUZ"], "-initrd", initrd,
            "-append", f"{_CMDLINE} {artifacts.l1_kernel().get('APPEND', '')} {append}",
            "-chardev", f"socket,id=console,fd={sockets[0].fileno()}", "-serial", "chardev:console",
            "-chardev", f"socket,id=monitor,fd={sockets[1].fileno()}",
            "-mon", "chardev=monitor,mode=control",
            "-device", "virtio-serial-pci,max_ports=16",
        ]
        for name, sock in zip(_PORTS, sockets[2:]):
            command += ["-chardev", f"socket,id={name},fd={sock.fileno()}",
                        "-device", f"virtserialport,chardev={name},name={name}"]
        command += qemu_args
        log = open(os.path.join(self.workdir, "qemu-l0.log"), "w", encoding="utf-8")
        self._logs.append(log)
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                pass_fds=[sock.fileno() for sock in sockets])


def enough(memory):
    """What leaves as much free as the stock kernel would of memory, "2G" or "1536M"."""
    mebibytes = int(memory[:-1]) << (10 if memory.endswith("G") else 0)
    return f"{mebibytes * int(artifacts.l1_kernel().get('MEMORY_PERCENT', 100)) // 100}M"
