"""Regular waves: many local minima laid over a global trend that leads to the optimum."""

from math import cos, exp, floor, pi, sin, sqrt

from llamoco_data.problems.functions.definition import BasicFunction, Vector


def rastrigin(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        total += z[i] ** 2 - 10 * cos(2 * pi * z[i]) + 10
    return total


def bueche_rastrigin(z: Vector) -> float:
    d = len(z)
    total = 0.0
    for i in range(d):
        s = 10.0 ** (0.5 * i / (d - 1))
        if z[i] > 0 and i % 2 == 0:
            s *= 10
        t = s * z[i]
        total += t**2 - 10 * cos(2 * pi * t) + 10
    return total


def step_rastrigin(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        t = z[i] if abs(z[i]) <= 0.5 else floor(2 * z[i] + 0.5) / 2
        total += t**2 - 10 * cos(2 * pi * t) + 10
    return total


def ackley(z: Vector) -> float:
    d = len(z)
    squares = 0.0
    waves = 0.0
    for i in range(d):
        squares += z[i] ** 2
        waves += cos(2 * pi * z[i])
    return 20 - 20 * exp(-0.2 * sqrt(squares / d)) + exp(1.0) - exp(waves / d)


def griewank(z: Vector) -> float:
    squares = 0.0
    product = 1.0
    for i in range(len(z)):
        squares += z[i] ** 2
        product *= cos(z[i] / sqrt(i + 1))
    return squares / 4000 - product + 1


def levy(z: Vector) -> float:
    d = len(z)
    total = sin(pi * (1 + z[0] / 4)) ** 2
    for i in range(d - 1):
        w = 1 + z[i] / 4
        total += (w - 1) ** 2 * (1 + 10 * sin(pi * w + 1) ** 2)
    w = 1 + z[d - 1] / 4
    return total + (w - 1) ** 2 * (1 + sin(2 * pi * w) ** 2)


def alpine(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        total += abs(z[i] * sin(z[i]) + 0.1 * z[i])
    return total


def cosine_mixture(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        total += z[i] ** 2 + 0.1 - 0.1 * cos(5 * pi * z[i])
    return total


def bohachevsky(z: Vector) -> float:
    total = 0.0
    for i in range(len(z) - 1):
        a = z[i]
        b = z[i + 1]
        total += a**2 + 2 * b**2 - 0.3 * cos(3 * pi * a) - 0.4 * cos(4 * pi * b) + 0.7
    return total


def salomon(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        total += z[i] ** 2
    r = sqrt(total)
    return 1 - cos(2 * pi * r) + 0.1 * r


def periodic(z: Vector) -> float:
    waves = 0.0
    squares = 0.0
    for i in range(len(z)):
        waves += sin(z[i]) ** 2
        squares += z[i] ** 2
    return 0.1 + waves - 0.1 * exp(-squares)


WAVES = (
    BasicFunction(
        name="rastrigin",
        title="Rastrigin",
        family="regular waves",
        kernel=rastrigin,
        numpy="return np.sum(z**2 - 10 * np.cos(2 * np.pi * z) + 10)",
        latex=r"\sum_{i=1}^{d} \left( z_i^2 - 10 \cos(2 \pi z_i) + 10 \right)",
        half_width=5.12,
        multimodal=True,
        separable=True,
        source="Rastrigin 1974; BBOB f3",
    ),
    BasicFunction(
        name="bueche_rastrigin",
        title="Bueche-Rastrigin",
        family="regular waves",
        kernel=bueche_rastrigin,
        numpy=(
            "i = np.arange(z.size)\n"
            "t = 10.0 ** (0.5 * i / (z.size - 1)) * np.where((z > 0) & (i % 2 == 0), 10.0, 1.0) * z\n"
            "return np.sum(t**2 - 10 * np.cos(2 * np.pi * t) + 10)"
        ),
        latex=r"\sum_{i=1}^{d} \left( t_i^2 - 10 \cos(2 \pi t_i) + 10 \right)",
        where=(
            (
                r"t_i = \begin{cases} 10 \cdot 10^{0.5 \frac{i-1}{d-1}} z_i & z_i > 0, i \text{ odd} \\"
                r" 10^{0.5 \frac{i-1}{d-1}} z_i & \text{otherwise} \end{cases}"
            ),
        ),
        half_width=5.0,
        multimodal=True,
        separable=True,
        smooth=False,
        conditioning=1e3,
        source="BBOB f4 (Hansen et al. 2009), without the boundary penalty",
    ),
    BasicFunction(
        name="step_rastrigin",
        title="Non-continuous Rastrigin",
        family="regular waves",
        kernel=step_rastrigin,
        numpy=(
            "t = np.where(np.abs(z) <= 0.5, z, np.floor(2 * z + 0.5) / 2)\n"
            "return np.sum(t**2 - 10 * np.cos(2 * np.pi * t) + 10)"
        ),
        latex=r"\sum_{i=1}^{d} \left( t_i^2 - 10 \cos(2 \pi t_i) + 10 \right)",
        where=(
            (
                r"t_i = \begin{cases} z_i & \left| z_i \right| \le 0.5 \\"
                r" \frac{\lfloor 2 z_i + 0.5 \rfloor}{2} & \text{otherwise} \end{cases}"
            ),
        ),
        half_width=5.12,
        multimodal=True,
        separable=True,
        smooth=False,
        source="CEC 2017 F8 (Awad et al. 2016)",
    ),
    BasicFunction(
        name="ackley",
        title="Ackley",
        family="regular waves",
        kernel=ackley,
        numpy=(
            "return 20 - 20 * np.exp(-0.2 * np.sqrt(np.mean(z**2))) + np.e - np.exp(np.mean(np.cos(2 * np.pi * z)))"
        ),
        latex=(
            r"20 - 20 \exp \left( -0.2 \sqrt{\frac{1}{d} \sum_{i=1}^{d} z_i^2} \right) + e"
            r" - \exp \left( \frac{1}{d} \sum_{i=1}^{d} \cos(2 \pi z_i) \right)"
        ),
        half_width=32.0,
        multimodal=True,
        smooth=False,
        source="Ackley 1987; CEC 2014 F5",
    ),
    BasicFunction(
        name="griewank",
        title="Griewank",
        family="regular waves",
        kernel=griewank,
        numpy="return np.sum(z**2) / 4000 - np.prod(np.cos(z / np.sqrt(np.arange(1, z.size + 1)))) + 1",
        latex=(r"\frac{1}{4000} \sum_{i=1}^{d} z_i^2 - \prod_{i=1}^{d} \cos \left( \frac{z_i}{\sqrt{i}} \right) + 1"),
        half_width=100.0,
        multimodal=True,
        source="Griewank 1981; CEC 2014 F7",
    ),
    BasicFunction(
        name="levy",
        title="Levy",
        family="regular waves",
        kernel=levy,
        numpy=(
            "w = 1 + z / 4\n"
            "middle = np.sum((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2))\n"
            "last = (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)\n"
            "return np.sin(np.pi * w[0]) ** 2 + middle + last"
        ),
        latex=(
            r"\sin^2(\pi w_1) + \sum_{i=1}^{d-1} (w_i - 1)^2 \left( 1 + 10 \sin^2(\pi w_i + 1) \right)"
            r" + (w_d - 1)^2 \left( 1 + \sin^2(2 \pi w_d) \right)"
        ),
        where=(r"w_i = 1 + \frac{z_i}{4}",),
        half_width=10.0,
        multimodal=True,
        separable=True,
        conditioning=10.0,
        source="Levy and Montalvo 1985; CEC 2017 F9",
    ),
    BasicFunction(
        name="alpine",
        title="Alpine 1",
        family="regular waves",
        kernel=alpine,
        numpy="return np.sum(np.abs(z * np.sin(z) + 0.1 * z))",
        latex=r"\sum_{i=1}^{d} \left| z_i \sin(z_i) + 0.1 z_i \right|",
        half_width=10.0,
        multimodal=True,
        separable=True,
        smooth=False,
        source="Rahnamayan et al. 2007, Alpine problem",
    ),
    BasicFunction(
        name="cosine_mixture",
        title="Cosine mixture",
        family="regular waves",
        kernel=cosine_mixture,
        numpy="return np.sum(z**2 + 0.1 - 0.1 * np.cos(5 * np.pi * z))",
        latex=r"\sum_{i=1}^{d} \left( z_i^2 + 0.1 - 0.1 \cos(5 \pi z_i) \right)",
        half_width=1.0,
        multimodal=True,
        separable=True,
        source="Breiman and Cutler 1993; Ali et al. 2005, sign turned for minimization",
    ),
    BasicFunction(
        name="bohachevsky",
        title="Bohachevsky chain",
        family="regular waves",
        kernel=bohachevsky,
        numpy=(
            "a, b = z[:-1], z[1:]\n"
            "return np.sum(a**2 + 2 * b**2 - 0.3 * np.cos(3 * np.pi * a) - 0.4 * np.cos(4 * np.pi * b) + 0.7)"
        ),
        latex=(
            r"\sum_{i=1}^{d-1} \left( z_i^2 + 2 z_{i+1}^2 - 0.3 \cos(3 \pi z_i) - 0.4 \cos(4 \pi z_{i+1}) + 0.7 \right)"
        ),
        half_width=15.0,
        multimodal=True,
        separable=True,
        conditioning=3.0,
        source="Bohachevsky et al. 1986, extended to d variables",
    ),
    BasicFunction(
        name="salomon",
        title="Salomon",
        family="regular waves",
        kernel=salomon,
        numpy="r = np.sqrt(np.sum(z**2))\nreturn 1 - np.cos(2 * np.pi * r) + 0.1 * r",
        latex=r"1 - \cos(2 \pi r) + 0.1 r",
        where=(r"r = \sqrt{\sum_{i=1}^{d} z_i^2}",),
        half_width=20.0,
        multimodal=True,
        smooth=False,
        source="Salomon 1996",
    ),
    BasicFunction(
        name="periodic",
        title="Periodic (Price)",
        family="regular waves",
        kernel=periodic,
        numpy="return 0.1 + np.sum(np.sin(z) ** 2) - 0.1 * np.exp(-np.sum(z**2))",
        latex=r"0.1 + \sum_{i=1}^{d} \sin^2(z_i) - 0.1 \exp \left( -\sum_{i=1}^{d} z_i^2 \right)",
        half_width=10.0,
        multimodal=True,
        source="Ali et al. 2005, Price's periodic problem, moved to minimum 0",
    ),
)
