"""Programs that attack: bodies of `minimize`, by kind. SECRET, FOLDER, PORT, SOCKET and ABSTRACT are filled in.

A body prints what it has got hold of, so that a test sees it from outside.
"""

from collections.abc import Mapping

LOOPS = {
    "in Python": "while True: pass",
    "deaf to signals": """
import signal, time
for n in range(1, 65):
    try: signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: time.sleep(1)""",
    "in C with the lock": "import ctypes\nctypes.PyDLL(None).sleep(1000)",
    "in a regular expression": "import re\nre.match('(a*)*b', 'a' * 64)",
    "at its budget": """
while True:
    try: objective(lower)
    except BaseException: pass""",
    "without its connection": "import os, time\nos.closerange(3, 30)\ntime.sleep(1000)",
    "in an exit handler": "import atexit, time\natexit.register(time.sleep, 1000)\ntime.sleep(1000)",
    "in a finalizer": """
import time
class Late:
    def __del__(self): time.sleep(1000)
late = Late()
del late""",
}
"""They end by the clock."""

MEMORY = {
    "list": "kept = []\nwhile True: kept.append(bytes(10_000_000))",
    "numpy": "import numpy\nkept = [numpy.zeros(1 << 27) for _ in range(100)]",
    "mmap": "import mmap\nkept = [mmap.mmap(-1, 1 << 30) for _ in range(100)]",
    "deep recursion in C": "x = ()\nfor _ in range(10**6): x = (x,)\nhash(x)",
}
"""Address space, which is limited on every tier."""

FILES_IN_MEMORY = {
    "memfd": "import os\nkept = [os.memfd_create('m') for _ in range(100)]\n[os.write(k, b'x' * (1 << 27)) for k in kept]",
    "shared memory": "import os\nfor n in range(12):\n    with open(f'/dev/shm/m{n}', 'wb') as f: f.write(b'x' * (1 << 24))",
    "private folder": """
import os
for n in range(12):
    with open(os.environ['TMPDIR'] + f'/m{n}', 'wb') as f: f.write(b'x' * (1 << 24))""",
}
"""Files that take the machine's memory, which no limit of address space counts."""

MEMORY_OF_THE_MACHINE = {
    "deep recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
    "in several processes": """
import os, time
for _ in range(6):
    if os.fork() == 0:
        kept = [b'x' * (1 << 28) for _ in range(3)]
        time.sleep(1000)
time.sleep(1000)""",
}
"""Much memory in truth, which takes a second or more to fill."""

SHARED_MEMORY = {
    "in several processes": """
import mmap, os, time
mmap.mmap(-1, 1)
for _ in range(24):
    if os.fork() == 0:
        kept = mmap.mmap(-1, 100 << 20)
        for n in range(0, len(kept), 4096): kept[n] = 1
        time.sleep(1000)
time.sleep(1000)""",
    "that no process has mapped any more": """
import ctypes, mmap, time
libc, kept = ctypes.CDLL(None, use_errno=True), []
libc.mmap.restype, libc.munmap.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_size_t)
for _ in range(30):
    place = libc.mmap(None, ctypes.c_size_t(100 << 20), 3, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, -1, ctypes.c_size_t(0))
    if place == ctypes.c_void_p(-1).value: raise OSError(ctypes.get_errno(), 'mmap')
    for n in range(0, 100 << 20, 4096): ctypes.memset(place + n, 1, 1)
    libc.munmap(place + 4096, (100 << 20) - 4096)
time.sleep(1000)""",
    "of a device": """
import mmap, time
kept = []
for _ in range(19):
    kept.append(mmap.mmap(open('/dev/zero', 'r+b').fileno(), 100 << 20))
    for n in range(0, len(kept[-1]), 4096): kept[-1][n] = 1
time.sleep(1000)""",
}
"""Memory that is no file's, and outlasts its mapping in a process."""

PROCESSES = {
    "fork": "import os, time\nfor _ in range(3):\n    if os.fork() == 0: time.sleep(1000)",
    "double fork": """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 30)
        time.sleep(1000)
    os._exit(0)""",
    "daemon thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
    "threads": "import threading, time\nfor _ in range(20): threading.Thread(target=time.sleep, args=(1000,)).start()",
    "subprocess": "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)",
    "ignoring every signal": """
import os, signal, time
if os.fork() == 0:
    for n in range(1, 32):
        try: signal.signal(n, signal.SIG_IGN)
        except OSError: pass
    time.sleep(1000)""",
    "a chain of forks": """
import os, time
for _ in range(15):
    if os.fork(): time.sleep(0.02); os._exit(0)
    os.setsid()
time.sleep(1000)""",
}
"""They leave something running."""

WRITING = {
    "the user's folder": "open('FOLDER/witness', 'w').write('gone')",
    "a new file": "open('FOLDER/new', 'w').write('here')",
    "removal": "import os\nos.unlink('FOLDER/witness')",
    "a move": "import os\nos.rename('FOLDER/witness', 'FOLDER/moved')",
    "a mode": "import os\nos.chmod('FOLDER/witness', 0)",
    "a mode for all": "import os\nos.chmod('FOLDER/witness', 0o777)\nos.chmod('FOLDER', 0o777)",
    "times": "import os\nos.utime('FOLDER/witness', ns=(7, 7))\nos.utime('FOLDER', ns=(7, 7))",
    "times of now": "import os\nos.utime('FOLDER/witness')\nos.utime('FOLDER')",
    "an end": "import os\nos.truncate('FOLDER/witness', 1)",
    "an end while it is opened": """
import os
for access in (os.O_RDONLY, os.O_ACCMODE):
    try: os.open('FOLDER/witness', access | os.O_TRUNC)
    except OSError: pass""",
    "a link out": "import os\nos.symlink('FOLDER', 'out')\nopen('out/new', 'w').write('here')",
    "a hard link": "import os\nos.link('FOLDER/witness', 'mine')\nopen('mine', 'w').write('gone')",
    "up from here": "open('../' * 20 + 'FOLDER/new', 'w').write('here')",
    "a library": "import numpy\nopen(numpy.__file__, 'a').write('#')",
    "temporary folder of all": "open('/tmp/llamoco-hostile-left', 'w').write('x')",
    "kernel settings": "open('/proc/sys/kernel/core_pattern', 'w').write('x')",
    "a device": "import os\nos.mknod('disk', 0o60600, os.makedev(254, 0))",
    "a mount": "import ctypes\nprint(ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None))",
    "a new root": "import os\nos.chroot('/tmp')",
    "a shell": "import os\nos.system('echo here > FOLDER/new')",
}

READING = {
    "a file": "print(open('FOLDER/witness').read())",
    "a file by the shell": "import os\nos.system('cat FOLDER/witness')",
    "the environment": "import os\nprint(dict(os.environ), open('/proc/self/environ').read())",
    "others' environments": """
import glob
for place in glob.glob('/proc/[0-9]*/environ'):
    try: print(open(place).read())
    except OSError: pass""",
    "others' files": """
import glob
for place in glob.glob('/proc/[0-9]*/root/FOLDER/witness') + glob.glob('/proc/[0-9]*/cwd/witness'):
    try: print(open(place).read())
    except OSError: pass""",
    "the parent's memory": """
import os
for parent in {os.getppid(), 1}:
    try:
        for line in open(f'/proc/{parent}/maps'):
            first, last = (int(x, 16) for x in line.split()[0].split('-'))
            memory = open(f'/proc/{parent}/mem', 'rb')
            memory.seek(first)
            part = memory.read(min(last - first, 1 << 22))
            if b'SECRET'[:4] in part: print(part[part.index(b'SECRET'[:4]):][:100])
    except (OSError, ValueError, OverflowError): pass""",
    "descriptors": """
import os
for n in range(3, 200):
    try: print(n, os.read(n, 4096)) if n != 3 else None
    except OSError: pass
    try: print(os.readlink(f'/proc/self/fd/{n}'))
    except OSError: pass""",
    "the project": "import llamoco_data.problems.evaluation as e\nprint('SECRET' if e else '')",
    "the project's files": """
import sys, os
for place in sys.path:
    if os.path.isfile(place + '/llamoco_data/problems/evaluation.py'): print('SECRET')""",
    "ptrace": "import ctypes, os\nprint(ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0))",
    "by handle": "import ctypes\nprint(ctypes.CDLL(None).open_by_handle_at(-100, b'\\0' * 64, 0))",
}
"""None of them sees SECRET."""

READING_OF_OTHER_PROCESSES = ("others' environments", "the parent's memory", "ptrace", "by handle")
"""Those that need more than a file, a variable or a module with SECRET, or would look at processes of no test."""

LEFT_BESIDE = """
import glob, os
for place in glob.glob('/proc/[0-9]*/fd/*'):
    if place.split('/')[2] != str(os.getpid()):
        try: print(os.readlink(place), open(place).read(100))
        except OSError: pass
        try: open(place, 'a').write('left by a program')
        except OSError: pass"""
"""It reads what the other processes in sight have open, and writes to it."""

SOCKETS = {
    "TCP": "import socket\nsocket.create_connection(('127.0.0.1', PORT), 1)",
    "UDP": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
    "TCP 6": "import socket\nsocket.create_connection(('::1', PORT), 1)",
    "Unix": "import socket\nsocket.socket(socket.AF_UNIX).connect('SOCKET')",
    "abstract": "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0ABSTRACT')",
    "netlink": "import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\nraise ValueError",
    "raw": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "packet": "import socket\nsocket.socket(17, socket.SOCK_RAW, 3)",
    "virtual machine": "import socket\nsocket.socket(40, socket.SOCK_STREAM).connect((2, PORT))",
    "a pair of another family": "import socket\nsocket.socketpair(socket.AF_INET)\nraise ValueError",
}
"""They reach nobody."""

SIGNALS = {
    "parent": "import os\nos.kill(os.getppid(), 9)",
    "all": "import os\nos.kill(-1, 9)",
    "the zygote's group": "import os\nos.killpg(os.getpgid(os.getppid()), 9)",
    "every number": """
import os
for n in range(2, 5000):
    if n != os.getpid():
        try: os.kill(n, 9)
        except OSError: pass""",
    "a queued one": "import ctypes, os\nctypes.CDLL(None).sigqueue(os.getppid(), 9, 0)",
    "by descriptor": "import os, signal\nsignal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
    "priority": "import os\nos.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
    "by a pipe": """
import fcntl, os
out, into = os.pipe()
for request, value in ((8, os.getppid()), (10, 9)):
    try: fcntl.fcntl(out, request, value)
    except OSError: pass
fcntl.fcntl(out, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
os.write(into, b'x')""",
    "processors": """
import os
for process in (os.getppid(), os.getpgid(os.getppid())):
    try: os.sched_setaffinity(process, {min(os.sched_getaffinity(0))})
    except OSError: pass""",
    "a limit": "import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (0, 0))",
    "outliving the parent": "import ctypes\nctypes.CDLL(None).prctl(1, 0, 0, 0, 0)\nraise ValueError",
}
"""They hurt nobody outside; what they do to themselves is their affair."""

OUTPUT = {
    "bytes": "import os\nfor _ in range(40): os.write(1, b'x' * 1_000_000)",
    "print": "for n in range(20_000): print('y' * 100)",
    "errors": "import sys\nfor _ in range(200): sys.stderr.write('z' * 10_000)",
    "no text": "import sys\nsys.stdout.buffer.write(bytes(range(256)) * 100)\nprint('\\ud800')",
    "closed": "import sys, os\nsys.stdout.close()\nos.close(2)",
}
"""They end well."""

EXITS = {
    "at once": "import os\nos._exit(0)",
    "by code 119": "import os\nos._exit(119)",
    "politely": "import sys\nsys.exit(0)",
    "by SystemExit": "raise SystemExit('bye')",
    "by abort": "import os\nos.abort()",
    "by its own signal": "import os, time\nos.kill(os.getpid(), 9)\ntime.sleep(1000)",
    "by a wrong address": "import ctypes\nctypes.string_at(0)",
    "by C": "import ctypes\nctypes.CDLL(None).exit(0)",
    "in a thread": "import os, threading\nthreading.Thread(target=os._exit, args=(0,)).start()\nwhile True: pass",
    "by another program": "import os\nos.execv('/bin/true', ['true'])",
    "keyboard": "raise KeyboardInterrupt",
    "out of stack": "import sys\nsys.setrecursionlimit(10**9)\nf = lambda x: max([x], key=f)\nf(0)",
}
"""They end as failures."""

FORGED: Mapping[str, str] = {
    "short": "meter().send(b'x')",
    "long": "meter().send(b'x' * 60_000)",
    "nothing": "meter().send(b'')\nmeter().send(b'\\x07' * 8)",
    "another kind": "import struct\nmeter().send(struct.pack('=q', 99) + b'\\0' * 8 * len(lower))",
    "a second beginning": "meter().send((6).to_bytes(8, 'little'))",
    "an answer": "import struct\nmeter().send(struct.pack('=qd', 4, -1e9))",
    "a pickle": "import pickle\nmeter().send(pickle.dumps(lower))",
    "an end that is no end": "import struct\nmeter().send(struct.pack('=qq', 3, 0))",
    "an end of another kind": "import struct\nmeter().send(struct.pack('=qq1000s', 3, 77, b'crashed'))",
    "descriptors": "import socket\nsocket.send_fds(meter(), [b'x'], [0, 1, 2])",
}
"""Packets that are neither questions nor an end."""

FLOOD = """
import struct
try:
    meter().setblocking(False)
    while True: meter().send(struct.pack('=q', 1) + b'\\0' * 8 * len(lower))
except OSError: pass"""
"""It asks without reading the answers."""

HEAD_OF_FORGED = """
import socket
socket.kept = socket.socket(fileno=3)
def meter(): return socket.kept
"""
"""For both; a socket that is let go would close the connection."""
