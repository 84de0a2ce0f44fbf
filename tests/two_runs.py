"""One rank of several runs of `llamoco-tune` by two processes, one after the other: `torchrun` starts it once for all.

    torchrun --nproc-per-node 2 -m tests.two_runs PORT ARGUMENTS PORT ARGUMENTS

Each run is forked from a process that has loaded PyTorch, and meets the other rank at its port.
"""

import importlib
import os
import shlex
import sys

from llamoco_tune.cli import main

importlib.import_module("llamoco_tune.teach")
for port, arguments in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    pid = os.fork()
    if pid == 0:
        # torchrun's own store keeps the names of the first run's group; the first rank of each run makes a new store.
        os.environ |= {"TORCHELASTIC_USE_AGENT_STORE": "False", "MASTER_PORT": port}
        main(shlex.split(arguments))
    if os.waitpid(pid, 0)[1]:
        sys.exit(1)
