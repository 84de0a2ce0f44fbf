"""Valleys and ridges: a narrow curved path or a kink leads to the optimum."""

from math import sqrt

from llamoco_data.problems.functions.definition import BasicFunction, Vector


def rosenbrock(z: Vector) -> float:
    total = 0.0
    for i in range(len(z) - 1):
        total += 100 * ((z[i] + 1) ** 2 - (z[i + 1] + 1)) ** 2 + z[i] ** 2
    return total


def dixon_price(z: Vector) -> float:
    before = z[0] + 1.0
    total = z[0] ** 2
    for i in range(1, len(z)):
        t = z[i] + 2.0 ** (2.0**-i - 1)
        total += (i + 1) * (2 * t**2 - before) ** 2
        before = t
    return total


def sharp_ridge(z: Vector) -> float:
    rest = 0.0
    for i in range(1, len(z)):
        rest += z[i] ** 2
    return z[0] ** 2 + 100 * sqrt(rest)


def schwefel_2_20(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        total += abs(z[i])
    return total


def schwefel_2_21(z: Vector) -> float:
    largest = 0.0
    for i in range(len(z)):
        largest = max(largest, abs(z[i]))
    return largest


VALLEYS_AND_RIDGES = (
    BasicFunction(
        name="rosenbrock",
        title="Rosenbrock",
        family="valley",
        kernel=rosenbrock,
        numpy="t = z + 1\nreturn np.sum(100 * (t[:-1] ** 2 - t[1:]) ** 2 + z[:-1] ** 2)",
        latex=r"\sum_{i=1}^{d-1} \left( 100 \left( (z_i + 1)^2 - (z_{i+1} + 1) \right)^2 + z_i^2 \right)",
        half_width=2.048,
        multimodal=True,
        conditioning=1e3,
        source="Rosenbrock 1960; CEC 2014 F4; a second minimum from d = 4 on",
    ),
    BasicFunction(
        name="dixon_price",
        title="Dixon-Price",
        family="valley",
        kernel=dixon_price,
        numpy=(
            "i = np.arange(z.size)\nt = z + 2.0 ** (2.0**-i - 1)\n"
            "return z[0] ** 2 + np.sum((i[1:] + 1) * (2 * t[1:] ** 2 - t[:-1]) ** 2)"
        ),
        latex=r"z_1^2 + \sum_{i=2}^{d} i \left( 2 t_i^2 - t_{i-1} \right)^2",
        where=(r"t_i = z_i + 2^{2^{1-i} - 1}",),
        half_width=10.0,
        multimodal=True,
        conditioning=1e3,
        source="Dixon and Price 1989, moved to its optimum; the last variable may change sign, so there are two",
    ),
    BasicFunction(
        name="sharp_ridge",
        title="Sharp ridge",
        family="ridge",
        kernel=sharp_ridge,
        numpy="return z[0] ** 2 + 100 * np.sqrt(np.sum(z[1:] ** 2))",
        latex=r"z_1^2 + 100 \sqrt{\sum_{i=2}^{d} z_i^2}",
        half_width=5.0,
        smooth=False,
        conditioning=1e4,
        source="BBOB f13 (Hansen et al. 2009)",
    ),
    BasicFunction(
        name="schwefel_2_20",
        title="Schwefel 2.20 (sum of absolute values)",
        family="ridge",
        kernel=schwefel_2_20,
        numpy="return np.sum(np.abs(z))",
        latex=r"\sum_{i=1}^{d} \left| z_i \right|",
        half_width=10.0,
        separable=True,
        smooth=False,
        source="Schwefel 1981, problem 2.20",
    ),
    BasicFunction(
        name="schwefel_2_21",
        title="Schwefel 2.21 (largest absolute value)",
        family="ridge",
        kernel=schwefel_2_21,
        numpy="return np.max(np.abs(z))",
        latex=r"\max_{i=1}^{d} \left| z_i \right|",
        half_width=10.0,
        smooth=False,
        source="Schwefel 1981, problem 2.21",
    ),
)
