"""Welded beam that carries a load at its end: the least cost of welding and material.

Source: RC19 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.5, after He and Zhou (2018).
Best known value: 1.6702177263.
Note: buckling load and deflection are those of CEC 2020, which are not those of Ragsdell and Phillips (1976).
"""

import numpy as np

# Height and length of the weld, height and width of the beam, in inches.
lower = np.array([0.125, 0.1, 0.1, 0.1])
upper = np.array([2.0, 10.0, 10.0, 2.0])
max_evaluations = 20000

LOAD, LENGTH = 6000.0, 14.0  # lb, in
E, G = 30e6, 12e6  # psi


def objective(x):
    weld, weld_length, height, width = x
    return 1.10471 * weld**2 * weld_length + 0.04811 * height * width * (14 + weld_length)


def constraints(x):
    weld, weld_length, height, width = x
    arm = np.sqrt(weld_length**2 / 4 + (weld + height) ** 2 / 4)
    polar = 2 * np.sqrt(2) * weld * weld_length * (weld_length**2 / 4 + (weld + height) ** 2 / 4)
    direct = LOAD / (np.sqrt(2) * weld * weld_length)
    turning = LOAD * (LENGTH + weld_length / 2) * arm / polar
    shear = np.sqrt(direct**2 + direct * turning * weld_length / arm + turning**2)
    bending = 6 * LOAD * LENGTH / (width * height**2)
    deflection = 6 * LOAD * LENGTH**3 / (E * height**2 * width)
    slender = 1 - height / (2 * LENGTH) * np.sqrt(E / (4 * G))
    buckling = 4.013 * E * np.sqrt(height**2 * width**6 / 30) / LENGTH**2 * slender
    return np.array([shear - 13600, bending - 30000, weld - width, deflection - 0.25, LOAD - buckling]), np.zeros(0)
