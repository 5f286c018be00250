# SPDX-License-Identifier: GPL-2.0-only
"""Boot a kernel and an initramfs in Bochs, and read its two serial ports.

Bochs boots no kernel by itself: a CD with isolinux does. It is made for each
run, in about a second, because the initramfs differs each time.
"""

import os
import shutil
import subprocess
import time

from errors import BedError

CONSOLE, RESULTS = "console.log", "results.log"

_ISOLINUX = "/usr/lib/ISOLINUX/isolinux.bin"
_LDLINUX = "/usr/lib/syslinux/modules/bios/ldlinux.c32"
_BOOT_MENU = """\
default l1
label l1
  kernel /vmlinuz
  append initrd=/initrd {cmdline}
"""

# Without sound and speaker it aborts on a machine that has none. An error is
# reported for each EPT violation: ignored.
_CONFIG = """\
cpu: model={model}, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest={memory}, host={memory}
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
display_library: rfb, options="timeout=0"
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=l1.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev={console}
com2: enabled=1, mode=file, dev={results}
clock: sync=none, time0=local
sound: waveoutdrv=dummy, waveout=none, waveindrv=dummy, wavein=none, midioutdrv=dummy, midiout=none
speaker: enabled=0
log: bochs.log
panic: action=fatal
error: action=ignore
info: action=report
debug: action=ignore
"""


def _isolated():
    """A prefix that keeps the display, which listens on all addresses, off the network."""
    for prefix in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        if subprocess.run(prefix + ["true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return prefix
    raise BedError("Bochs needs a network namespace of its own, for its display would listen"
                   " on all addresses; run as root, or allow user namespaces")


class Bochs:
    """A running machine; its files are in workdir."""

    def __init__(self, workdir, kernel, initrd, cmdline, model, memory=512):
        """memory is in MiB."""
        self._workdir = workdir
        self._make_iso(kernel, initrd, cmdline)
        self._write("bochsrc", _CONFIG.format(model=model, memory=memory,
                                              console=CONSOLE, results=RESULTS))
        # Debian's build starts in its debugger.
        self._write("commands", "c\n")
        for name in (CONSOLE, RESULTS):
            self._write(name, "")
        self._process = self._spawn()

    def lines(self, port):
        """All complete lines that a port has sent so far."""
        with open(f"{self._workdir}/{port}", encoding="utf-8", errors="replace") as log:
            return [line.rstrip("\r") for line in log.read().split("\n")[:-1]]

    def wait(self, token, timeout, health):
        """True once a line of the results is token; False when that cannot be any more.

        health() is called now and then and raises when waiting is pointless.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if token in self.lines(RESULTS):
                return True
            health()
            if self._process.poll() is not None:
                return False
            time.sleep(0.5)
        return False

    def close(self):
        self._process.kill()
        self._process.wait()
        os.unlink(f"{self._workdir}/l1.iso")

    def _make_iso(self, kernel, initrd, cmdline):
        tree = f"{self._workdir}/iso"
        shutil.rmtree(tree, ignore_errors=True)
        os.makedirs(f"{tree}/isolinux")
        for path in (_ISOLINUX, _LDLINUX):
            shutil.copy(path, f"{tree}/isolinux")
        shutil.copy(kernel, f"{tree}/vmlinuz")
        shutil.copy(initrd, f"{tree}/initrd")
        self._write("iso/isolinux/isolinux.cfg", _BOOT_MENU.format(cmdline=cmdline))
        made = subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o", "l1.iso",
                               "-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat",
                               "-no-emul-boot", "-boot-load-size", "4",
                               "-boot-info-table", "iso"],
                              cwd=self._workdir, check=False, text=True, capture_output=True)
        shutil.rmtree(tree)
        if made.returncode:
            raise BedError(f"xorriso cannot make the CD: {made.stderr.strip()}")

    def _spawn(self):
        with open(f"{self._workdir}/bochs.out", "w", encoding="utf-8") as out:
            return subprocess.Popen(_isolated() + ["bochs-bin", "-q", "-f", "bochsrc", "-rc", "commands"],
                                    cwd=self._workdir, stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=out,
                                    env={**os.environ, "BXSHARE": "/usr/share/bochs"})

    def _write(self, name, text):
        with open(f"{self._workdir}/{name}", "w", encoding="utf-8") as out:
            out.write(text)
