"""Shell-and-tube heat exchanger that cools methanol with brackish water: the least cost over its life.

Source: Caputo, Pelagagge and Salini (Heat exchanger design based on economic optimisation, Applied Thermal
Engineering 28, 2008), case 1 and equations 1 to 22, by Kern's method (Process heat transfer, 1950).
Best known value: 53554.82, of runs of this project.
Note: the number of tubes is not rounded, the flow in the tubes counts as turbulent everywhere, and the bounds of
length and velocities are those of common practice.
"""

import numpy as np

# Diameter of the shell, outer diameter of the tubes, spacing of the baffles, in m.
lower = np.array([0.3, 0.015, 0.1])
upper = np.array([1.5, 0.051, 0.5])
max_evaluations = 20000

# Methanol in the shell: kg/s, kg/m^3, J/(kg K), Pa s, W/(m K), m^2 K/W.
SHELL_FLOW, SHELL_DENSITY, SHELL_HEAT, SHELL_VISCOSITY = 27.8, 750.0, 2840.0, 0.00034
SHELL_CONDUCTIVITY, SHELL_FOULING = 0.19, 0.00033
# Water in the tubes.
TUBE_FLOW, TUBE_DENSITY, TUBE_HEAT, TUBE_VISCOSITY = 68.9, 995.0, 4200.0, 0.0008
TUBE_CONDUCTIVITY, TUBE_FOULING = 0.59, 0.0002
HOT_IN, HOT_OUT, COLD_IN, COLD_OUT = 95.0, 40.0, 25.0, 40.0  # C
PASSES, COUNT_FACTOR, COUNT_EXPONENT = 2, 0.249, 2.207  # triangular pitch of 1.25 diameters
PUMP_EFFICIENCY, ENERGY_PRICE, HOURS, YEARS, INTEREST = 0.8, 0.12e-3, 7000.0, 10, 0.1


def mean_difference():
    """Logarithmic mean of the temperature differences, with the correction for two tube passes."""
    one, other = HOT_IN - COLD_OUT, HOT_OUT - COLD_IN
    ratio, share = (HOT_IN - HOT_OUT) / (COLD_OUT - COLD_IN), (COLD_OUT - COLD_IN) / (HOT_IN - COLD_IN)
    root = np.sqrt(ratio**2 + 1)
    top = root / (ratio - 1) * np.log((1 - share) / (1 - share * ratio))
    bottom = np.log((2 - share * (ratio + 1 - root)) / (2 - share * (ratio + 1 + root)))
    return (one - other) / np.log(one / other) * top / bottom


def design(x):
    """Area in m^2, length of the tubes in m, velocities in m/s, and pumping power in W."""
    shell, outer, spacing = x
    inner, pitch = 0.8 * outer, 1.25 * outer
    tubes = COUNT_FACTOR * (shell / outer) ** COUNT_EXPONENT
    tube_speed = TUBE_FLOW * PASSES / (np.pi / 4 * inner**2 * TUBE_DENSITY * tubes)
    tube_reynolds = TUBE_DENSITY * tube_speed * inner / TUBE_VISCOSITY
    tube_prandtl = TUBE_VISCOSITY * TUBE_HEAT / TUBE_CONDUCTIVITY
    friction = (1.82 * np.log10(tube_reynolds) - 1.64) ** -2
    inside = 0.027 * TUBE_CONDUCTIVITY / inner * tube_reynolds**0.8 * tube_prandtl ** (1 / 3)
    gap = shell * spacing * (pitch - outer) / pitch
    shell_speed = SHELL_FLOW / (SHELL_DENSITY * gap)
    hydraulic = 4 * (0.43 * pitch**2 - 0.5 * np.pi * outer**2 / 4) / (0.5 * np.pi * outer)
    shell_reynolds = SHELL_FLOW * hydraulic / (gap * SHELL_VISCOSITY)
    shell_prandtl = SHELL_VISCOSITY * SHELL_HEAT / SHELL_CONDUCTIVITY
    outside = 0.36 * SHELL_CONDUCTIVITY / hydraulic * shell_reynolds**0.55 * shell_prandtl ** (1 / 3)
    transfer = 1 / (1 / outside + SHELL_FOULING + outer / inner * (TUBE_FOULING + 1 / inside))
    area = SHELL_FLOW * SHELL_HEAT * (HOT_IN - HOT_OUT) / (transfer * mean_difference())
    length = area / (np.pi * outer * tubes)
    tube_loss = TUBE_DENSITY * tube_speed**2 / 2 * (length / inner * friction + 4) * PASSES
    shell_friction = 1.44 * shell_reynolds**-0.15
    shell_loss = shell_friction * SHELL_DENSITY * shell_speed**2 / 2 * length / spacing * shell / hydraulic
    power = (TUBE_FLOW / TUBE_DENSITY * tube_loss + SHELL_FLOW / SHELL_DENSITY * shell_loss) / PUMP_EFFICIENCY
    return area, length, tube_speed, shell_speed, power


def objective(x):
    area, _, _, _, power = design(x)
    yearly = power * ENERGY_PRICE * HOURS
    worth = (1 - (1 + INTEREST) ** -YEARS) / INTEREST
    return 8000 + 259.2 * area**0.91 + yearly * worth  # euros


def constraints(x):
    _, length, tube_speed, shell_speed, _ = design(x)
    g = [length / 6 - 1, tube_speed / 2.5 - 1, 0.5 / tube_speed - 1, shell_speed / 1.0 - 1, 0.2 / shell_speed - 1]
    return np.array(g), np.zeros(0)
