"""Programs that try to get a better record than they deserve: each asks for `upper` and `lower` once, then cheats."""

CHEATS = {
    "frame walking": """
import sys
frame = sys._getframe()
while frame:
    for name, value in list(frame.f_locals.items()):
        for attribute in ('evaluations', 'refused', '_max_evaluations', '_values', 'best_f'):
            try: setattr(value, attribute, -1)
            except Exception: pass
    frame = frame.f_back""",
    "gc": """
import gc, numpy
for thing in gc.get_objects():
    if type(thing).__name__ == 'Asking':
        thing._values[:] = -1e9
        thing._number = 0""",
    "numbers in memory": "import ctypes\nobjective.__self__._values[:] = -1e12\nctypes.memset(id(max_evaluations), 255, 0)",
    "counters": "me = objective.__self__\nme._max_evaluations = 10**9\nme.refused = False\nme._dimension = len(lower)",
    "modules": "import sys\nfor name in list(sys.modules):\n    if name not in ('sys', 'builtins'): sys.modules.pop(name)",
    "numpy": "import numpy\nnumpy.asarray = numpy.isfinite = lambda *a, **k: lower\nnumpy.float64 = int",
    "open and time": "import builtins, time, os\nbuiltins.open = None\ntime.monotonic = time.time = lambda: 0.0\nos._exit = None",
    "the point itself": """
import numpy
class Point(numpy.ndarray):
    def __array_finalize__(self, other): pass
    def __eq__(self, other): return True
    def __lt__(self, other): return numpy.zeros(len(lower), bool)
    __gt__ = __lt__
return lower.view(Point)""",
    "a converting value": """
class Point:
    def __array__(self, dtype=None, copy=None):
        import numpy
        return numpy.array(lower)
    def __float__(self): return -1e9
return Point()""",
    "a forged end": """
import socket, struct, os
socket.socket(fileno=3).send(struct.pack('=qq1000s', 3, 0, b''))
os._exit(0)""",
    "results after the end": """
import socket, struct
meter = socket.socket(fileno=3)
meter.send(struct.pack('=qq1000s', 3, 0, b''))
for _ in range(50):
    try: meter.send(struct.pack('=q', 1) + b'\\0' * 8 * len(lower))
    except OSError: break""",
    "bounds": "lower[:] = -1e9\nupper[:] = 1e9",
    "a function": "objective = lambda x: -1e9\nobjective(lower)",
    "the interpreter's signals": "import signal\nsignal.signal(signal.SIGALRM, lambda *a: None)\nsignal.setitimer(signal.ITIMER_REAL, 0.01)",
}
"""Their records are those of the honest program, but for the program itself."""

OVER_BUDGET = {
    "swallowed": """
for _ in range(300):
    try: objective(lower)
    except BaseException: pass
return lower""",
    "denied": """
me = objective.__self__
for _ in range(300):
    try: objective(lower)
    except BaseException: me.refused = False
me.refused = False
return lower""",
    "in a thread": """
from threading import Thread
def ask():
    for _ in range(300): objective(lower)
thread = Thread(target=ask)
thread.start()
thread.join()
return lower""",
    "raw": """
import socket, struct
meter = socket.socket(fileno=3)
for n in range(300):
    meter.send(struct.pack('=q', 1 + (n << 8)) + lower.tobytes())
    meter.recv(5000)
meter.detach()
return lower""",
    "an end claimed": """
import socket, struct, os
try:
    while True: objective(lower)
except BaseException: pass
socket.socket(fileno=3).send(struct.pack('=qq1000s', 3, 0, b''))
os._exit(0)""",
}
"""They are over their budget, whatever they say."""
