"""Plays an optimizer of nevergrad over a pipe: points out, values in; it evaluates nothing, and counts nothing.

    python wizard_player.py NAME

It runs in an environment of its own, because nevergrad's NGOpt needs NumPy 1, and imports nothing of this project. Each
game begins with a frame from the other side: dimension, evaluations and seed. Then frames of 1 + D numbers go out: -1
and a point of the unit cube, whose value comes in, until the evaluations are spent or the optimizer fails; and at the
end the processor seconds that the game took, and zeros. Frames are doubles in the machine's order.
"""

import os
import random
import struct
import sys
import time
import traceback
import warnings

import nevergrad
import numpy as np

GAME = struct.Struct("=3d")
"""Dimension, evaluations, seed."""
VALUE = struct.Struct("=d")
GOES_ON = -1.0


def play(name: str, dimension: int, evaluations: int, seed: int, reader: int, writer: int) -> None:
    """Asks for the values of one game, with the optimizer's defaults and one worker.

    Raises:
        EOFError: the other side has gone.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - parts of nevergrad draw from the global generator
    cube = nevergrad.p.Array(init=np.full(dimension, 0.5), lower=np.zeros(dimension), upper=np.ones(dimension))
    cube.random_state.seed(seed)
    optimizer = nevergrad.optimizers.registry[name](cube, budget=evaluations, num_workers=1)
    for _ in range(evaluations):
        asked = optimizer.ask()
        os.write(writer, np.array([GOES_ON, *asked.value], dtype=np.float64).tobytes())
        (value,) = VALUE.unpack(read(reader, VALUE.size))
        optimizer.tell(asked, value)


def read(reader: int, size: int) -> bytes:
    """A whole frame.

    Raises:
        EOFError: the other side has gone.
    """
    frame = b""
    while len(frame) < size:
        part = os.read(reader, size - len(frame))
        if not part:
            raise EOFError
        frame += part
    return frame


def main() -> None:
    reader, writer = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # what nevergrad prints must not mix with the frames
    warnings.simplefilter("ignore")
    while True:
        dimension, evaluations, seed = (int(number) for number in GAME.unpack(read(reader, GAME.size)))
        began = time.process_time()
        try:
            play(sys.argv[1], dimension, evaluations, seed, reader, writer)
        except EOFError:
            raise
        except Exception:  # noqa: BLE001 - it fails as it likes; the other side has seen what it asked for
            traceback.print_exc()
        os.write(writer, np.array([time.process_time() - began, *np.zeros(dimension)]).tobytes())


if __name__ == "__main__":
    try:
        main()
    except EOFError:
        os._exit(0)  # nevergrad's threads may never end
