"""Plateaus: steps and flat outskirts where slopes say nothing."""

from math import exp, floor

from llamoco_data.problems.functions.definition import BasicFunction, Vector


def step(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        total += floor(z[i] + 0.5) ** 2
    return total


def step_ellipsoid(z: Vector) -> float:
    d = len(z)
    total = 0.0
    for i in range(d):
        r = floor(z[i] + 0.5) if abs(z[i]) > 0.5 else floor(10 * z[i] + 0.5) / 10
        total += 10.0 ** (2 * i / (d - 1)) * r**2
    return 0.1 * max(abs(z[0]) / 1e4, total)


def exponential(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        total += z[i] ** 2
    return 1 - exp(-0.5 * total)


PLATEAUS = (
    BasicFunction(
        name="step",
        title="Step",
        family="plateau",
        kernel=step,
        numpy="return np.sum(np.floor(z + 0.5) ** 2)",
        latex=r"\sum_{i=1}^{d} \lfloor z_i + 0.5 \rfloor^2",
        half_width=20.0,
        separable=True,
        smooth=False,
        source="De Jong 1975, F3, in the squared form of Yao et al. 1999, f6",
    ),
    BasicFunction(
        name="step_ellipsoid",
        title="Step ellipsoid",
        family="plateau",
        kernel=step_ellipsoid,
        numpy=(
            "r = np.where(np.abs(z) > 0.5, np.floor(z + 0.5), np.floor(10 * z + 0.5) / 10)\n"
            "s = np.sum(10.0 ** (2 * np.arange(z.size) / (z.size - 1)) * r**2)\n"
            "return 0.1 * max(abs(z[0]) / 1e4, s)"
        ),
        latex=r"0.1 \max \left( \frac{\left| z_1 \right|}{10^{4}}, \sum_{i=1}^{d} 10^{2 \frac{i-1}{d-1}} r_i^2 \right)",
        where=(
            (
                r"r_i = \begin{cases} \lfloor z_i + 0.5 \rfloor & \left| z_i \right| > 0.5 \\"
                r" \frac{\lfloor 10 z_i + 0.5 \rfloor}{10} & \text{otherwise} \end{cases}"
            ),
        ),
        half_width=5.0,
        separable=True,
        smooth=False,
        conditioning=1e2,
        source="BBOB f7 (Hansen et al. 2009), without the boundary penalty; separable off its innermost plateau",
    ),
    BasicFunction(
        name="exponential",
        title="Exponential",
        family="plateau",
        kernel=exponential,
        numpy="return 1 - np.exp(-0.5 * np.sum(z**2))",
        latex=r"1 - \exp \left( -0.5 \sum_{i=1}^{d} z_i^2 \right)",
        half_width=1.0,
        source="Rahnamayan et al. 2007, exponential problem",
    ),
)
