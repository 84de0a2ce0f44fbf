"""Bowls: unimodal functions, from the sphere to ill-conditioned and asymmetric ones."""

from llamoco_data.problems.functions.definition import BasicFunction, Vector


def sphere(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        total += z[i] ** 2
    return total


def ellipsoid(z: Vector) -> float:
    d = len(z)
    total = 0.0
    for i in range(d):
        total += 10.0 ** (6 * i / (d - 1)) * z[i] ** 2
    return total


def schwefel_1_2(z: Vector) -> float:
    total = 0.0
    partial = 0.0
    for i in range(len(z)):
        partial += z[i]
        total += partial**2
    return total


def bent_cigar(z: Vector) -> float:
    total = z[0] ** 2
    for i in range(1, len(z)):
        total += 1e6 * z[i] ** 2
    return total


def discus(z: Vector) -> float:
    total = 1e6 * z[0] ** 2
    for i in range(1, len(z)):
        total += z[i] ** 2
    return total


def different_powers(z: Vector) -> float:
    d = len(z)
    total = 0.0
    for i in range(d):
        total += abs(z[i]) ** (2 + 4 * i / (d - 1))
    return total


def zakharov(z: Vector) -> float:
    squares = 0.0
    linear = 0.0
    for i in range(len(z)):
        squares += z[i] ** 2
        linear += 0.5 * (i + 1) * z[i]
    return squares + linear**2 + linear**4


def quartic(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        total += (i + 1) * z[i] ** 4
    return total


def attractive_sector(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        stretch = 100.0 if z[i] > 0 else 1.0
        total += (stretch * z[i]) ** 2
    return total**0.9


BOWLS = (
    BasicFunction(
        name="sphere",
        title="Sphere",
        family="bowl",
        kernel=sphere,
        numpy="return np.sum(z**2)",
        latex=r"\sum_{i=1}^{d} z_i^2",
        half_width=5.0,
        separable=True,
        source="De Jong 1975, F1; BBOB f1",
    ),
    BasicFunction(
        name="ellipsoid",
        title="High-conditioned ellipsoid",
        family="bowl",
        kernel=ellipsoid,
        numpy="return np.sum(10.0 ** (6 * np.arange(z.size) / (z.size - 1)) * z**2)",
        latex=r"\sum_{i=1}^{d} 10^{6 \frac{i-1}{d-1}} z_i^2",
        half_width=5.0,
        separable=True,
        conditioning=1e6,
        source="BBOB f2 (Hansen et al. 2009)",
    ),
    BasicFunction(
        name="schwefel_1_2",
        title="Schwefel 1.2 (double sum)",
        family="bowl",
        kernel=schwefel_1_2,
        numpy="return np.sum(np.cumsum(z) ** 2)",
        latex=r"\sum_{i=1}^{d} \left( \sum_{j=1}^{i} z_j \right)^2",
        half_width=10.0,
        conditioning=1e3,
        source="Schwefel 1981, problem 1.2",
    ),
    BasicFunction(
        name="bent_cigar",
        title="Bent cigar",
        family="bowl",
        kernel=bent_cigar,
        numpy="return z[0] ** 2 + 1e6 * np.sum(z[1:] ** 2)",
        latex=r"z_1^2 + 10^{6} \sum_{i=2}^{d} z_i^2",
        half_width=5.0,
        separable=True,
        conditioning=1e6,
        source="CEC 2014 F2 (Liang et al. 2013)",
    ),
    BasicFunction(
        name="discus",
        title="Discus",
        family="bowl",
        kernel=discus,
        numpy="return 1e6 * z[0] ** 2 + np.sum(z[1:] ** 2)",
        latex=r"10^{6} z_1^2 + \sum_{i=2}^{d} z_i^2",
        half_width=5.0,
        separable=True,
        conditioning=1e6,
        source="BBOB f11 (Hansen et al. 2009)",
    ),
    BasicFunction(
        name="different_powers",
        title="Sum of different powers",
        family="bowl",
        kernel=different_powers,
        numpy="return np.sum(np.abs(z) ** (2 + 4 * np.arange(z.size) / (z.size - 1)))",
        latex=r"\sum_{i=1}^{d} \left| z_i \right|^{2 + 4 \frac{i-1}{d-1}}",
        half_width=3.0,
        separable=True,
        conditioning=1e8,
        source="BBOB f14 (Hansen et al. 2009), without the outer root",
    ),
    BasicFunction(
        name="zakharov",
        title="Zakharov",
        family="bowl",
        kernel=zakharov,
        numpy="s = np.sum(0.5 * np.arange(1, z.size + 1) * z)\nreturn np.sum(z**2) + s**2 + s**4",
        latex=r"\sum_{i=1}^{d} z_i^2 + s^2 + s^4",
        where=(r"s = \sum_{i=1}^{d} 0.5 i z_i",),
        half_width=7.0,
        conditioning=1e3,
        source="CEC 2017 F3 (Awad et al. 2016)",
    ),
    BasicFunction(
        name="quartic",
        title="Quartic without noise",
        family="bowl",
        kernel=quartic,
        numpy="return np.sum(np.arange(1, z.size + 1) * z**4)",
        latex=r"\sum_{i=1}^{d} i z_i^4",
        half_width=1.28,
        separable=True,
        conditioning=10.0,
        source="De Jong 1975, F4, without its noise term",
    ),
    BasicFunction(
        name="attractive_sector",
        title="Attractive sector",
        family="bowl",
        kernel=attractive_sector,
        numpy="return np.sum((np.where(z > 0, 100.0, 1.0) * z) ** 2) ** 0.9",
        latex=r"\left( \sum_{i=1}^{d} (s_i z_i)^2 \right)^{0.9}",
        where=(r"s_i = \begin{cases} 100 & z_i > 0 \\ 1 & \text{otherwise} \end{cases}",),
        half_width=5.0,
        smooth=False,
        conditioning=1e4,
        source="BBOB f6 (Hansen et al. 2009), sector x > 0",
    ),
)
