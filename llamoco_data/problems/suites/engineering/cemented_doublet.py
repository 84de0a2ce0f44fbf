"""Cemented doublet of 100 mm focal length and 25 mm aperture: the least blur for three colours, by exact ray tracing.

Source: Kidger (Fundamental optical design, SPIE, 2001), chapters on ray tracing and on doublets, with the refractive
indices of the glasses N-BK7 and SF2 from the data sheets of Schott.
Best known value: 2.9024, of runs of this project.
"""

import numpy as np

# Curvatures of the three surfaces in 1/mm; thickness of both lenses and distance of the image behind them, in mm.
lower = np.array([0.0, -0.05, -0.05, 3.0, 1.5, 80.0])
upper = np.array([0.05, 0.0, 0.05, 12.0, 8.0, 105.0])
max_evaluations = 20000

# Indices for the lines F, d and C (486.1, 587.6 and 656.3 nm): air, crown, flint, air.
INDICES = np.array([[1.0, 1.52238, 1.66123, 1.0], [1.0, 1.51680, 1.64769, 1.0], [1.0, 1.51432, 1.64210, 1.0]])
HEIGHTS = 12.5 * np.array([0.3, 0.5, 0.7, 0.85, 1.0])  # of rays parallel to the axis
FOCAL_LENGTH = 100.0


def blur(x, indices):
    """Heights at which the rays meet the image plane, in mm."""
    height, slope, position = HEIGHTS.copy(), np.zeros_like(HEIGHTS), np.zeros_like(HEIGHTS)
    for curvature, thickness, before, after in zip(x[:3], x[3:], indices[:-1], indices[1:]):
        # Where the ray meets the sphere whose vertex is at position zero.
        cosine, sine = np.cos(slope), np.sin(slope)
        start = height - position * np.tan(slope)
        along = cosine - curvature * start * sine
        distance = curvature * start**2 / (along + np.sqrt(along**2 - (curvature * start) ** 2))
        height, position = start + distance * sine, distance * cosine
        # Snell's law; the normal leans by the angle whose sine is curvature times height.
        normal = -np.arcsin(curvature * height)
        slope = normal + np.arcsin(before / after * np.sin(slope - normal))
        position = position - thickness
    return height - position * np.tan(slope)


def focal_length(x):
    """Focal length for paraxial rays of the line d, in mm."""
    height, slope = 1.0, 0.0
    for curvature, thickness, before, after in zip(x[:3], [*x[3:5], 0.0], INDICES[1], INDICES[1][1:]):
        slope = (before * slope - height * curvature * (after - before)) / after
        height = height + thickness * slope
    return -1 / slope


def objective(x):
    with np.errstate(invalid="ignore"):
        heights = np.array([blur(x, indices) for indices in INDICES])
    return 1000 * np.sqrt(np.mean(heights**2))  # micrometres


def constraints(x):
    return np.zeros(0), np.array([focal_length(x) / FOCAL_LENGTH - 1])
