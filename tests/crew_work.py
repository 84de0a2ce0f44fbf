"""Work for the processes of a crew, which load it without what its tests load."""

import os
import signal


def doubled(_tool: str, chunk: int) -> int:
    """Kills its process where the chunk is 5, and fails where it is 7."""
    if chunk == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    if chunk == 7:
        raise ValueError("seven")
    return 2 * chunk
