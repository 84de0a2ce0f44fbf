"""Linear antenna array of ten elements, symmetric about its middle: the spacings with the lowest side lobes.

Source: Khodier and Christodoulou (Linear array geometry synthesis with minimum sidelobe level and null control using
particle swarm optimization, IEEE Transactions on Antennas and Propagation 53, 2005), equation 1, with spacings for
positions.
Best known value: -20.7223, of runs of this project.
"""

import numpy as np

# Distance of the first element from the middle, and of each further one from the one before it, in wavelengths.
lower = np.array([0.1, 0.25, 0.25, 0.25, 0.25])
upper = np.array([0.5, 1.0, 1.0, 1.0, 1.0])
max_evaluations = 20000

# Angles from the axis of the array, outside of the main lobe of 28 degrees; the pattern is symmetric about 90 degrees.
ANGLES = np.radians(np.linspace(0.0, 76.0, 381))


def objective(x):
    positions = np.cumsum(x)
    pattern = 2 * np.cos(2 * np.pi * np.outer(np.cos(ANGLES), positions)).sum(axis=1)
    return 20 * np.log10(np.max(np.abs(pattern)) / (2 * len(x)))  # dB below the main lobe
