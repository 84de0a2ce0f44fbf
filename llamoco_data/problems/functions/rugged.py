"""Rugged functions: waves of coupled pairs, fractal curves, and norms that form curved cliffs."""

from math import cos, floor, pi, sin, sqrt

from llamoco_data.problems.functions.definition import BasicFunction, Vector


def escaffer6(z: Vector) -> float:
    d = len(z)
    total = 0.0
    for i in range(d):
        s = z[i] ** 2 + z[(i + 1) % d] ** 2
        total += 0.5 + (sin(sqrt(s)) ** 2 - 0.5) / (1 + 0.001 * s) ** 2
    return total


def schaffer_f7(z: Vector) -> float:
    d = len(z)
    total = 0.0
    for i in range(d - 1):
        s = sqrt(z[i] ** 2 + z[i + 1] ** 2)
        total += sqrt(s) * (1 + sin(50 * s**0.2) ** 2)
    return (total / (d - 1)) ** 2


def griewank_rosenbrock(z: Vector) -> float:
    d = len(z)
    total = 0.0
    for i in range(d):
        t = z[i] + 1
        y = 100 * (t**2 - (z[(i + 1) % d] + 1)) ** 2 + z[i] ** 2
        total += y**2 / 4000 - cos(y) + 1
    return total


def weierstrass(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        amplitude = 1.0
        frequency = 2 * pi
        for _ in range(12):
            total += amplitude * (cos(frequency * (z[i] + 0.5)) + 1)
            amplitude *= 0.5
            frequency *= 3
    return total


def katsuura(z: Vector) -> float:
    d = len(z)
    product = 1.0
    for i in range(d):
        total = 0.0
        power = 1.0
        for _ in range(32):
            power *= 2
            total += abs(power * z[i] - floor(power * z[i] + 0.5)) / power
        product *= (1 + (i + 1) * total) ** (10 / d**1.2)
    return 10 / d**2 * (product - 1)


def happycat(z: Vector) -> float:
    d = len(z)
    squares = 0.0
    linear = 0.0
    for i in range(d):
        squares += (z[i] - 1) ** 2
        linear += z[i] - 1
    return abs(squares - d) ** 0.25 + (0.5 * squares + linear) / d + 0.5


def hgbat(z: Vector) -> float:
    d = len(z)
    squares = 0.0
    linear = 0.0
    for i in range(d):
        squares += (z[i] - 1) ** 2
        linear += z[i] - 1
    return sqrt(abs(squares**2 - linear**2)) + (0.5 * squares + linear) / d + 0.5


RUGGED = (
    BasicFunction(
        name="escaffer6",
        title="Expanded Schaffer F6",
        family="paired waves",
        kernel=escaffer6,
        numpy=(
            "s = z**2 + np.roll(z, -1) ** 2\n"
            "return np.sum(0.5 + (np.sin(np.sqrt(s)) ** 2 - 0.5) / (1 + 0.001 * s) ** 2)"
        ),
        latex=r"\sum_{i=1}^{d} \left( 0.5 + \frac{\sin^2(\sqrt{s_i}) - 0.5}{(1 + 0.001 s_i)^2} \right)",
        where=(r"s_i = z_i^2 + z_{(i \bmod d) + 1}^2",),
        half_width=50.0,
        multimodal=True,
        source="CEC 2014 F16 (Liang et al. 2013)",
    ),
    BasicFunction(
        name="schaffer_f7",
        title="Schaffer F7",
        family="paired waves",
        kernel=schaffer_f7,
        numpy=(
            "s = np.sqrt(z[:-1] ** 2 + z[1:] ** 2)\nreturn np.mean(np.sqrt(s) * (1 + np.sin(50 * s**0.2) ** 2)) ** 2"
        ),
        latex=(r"\left( \frac{1}{d-1} \sum_{i=1}^{d-1} \sqrt{s_i} \left( 1 + \sin^2(50 s_i^{0.2}) \right) \right)^2"),
        where=(r"s_i = \sqrt{z_i^2 + z_{i+1}^2}",),
        half_width=100.0,
        multimodal=True,
        smooth=False,
        source="BBOB f17 (Hansen et al. 2009)",
    ),
    BasicFunction(
        name="griewank_rosenbrock",
        title="Expanded Griewank of Rosenbrock",
        family="paired waves",
        kernel=griewank_rosenbrock,
        numpy=("y = 100 * ((z + 1) ** 2 - np.roll(z + 1, -1)) ** 2 + z**2\nreturn np.sum(y**2 / 4000 - np.cos(y) + 1)"),
        latex=r"\sum_{i=1}^{d} \left( \frac{y_i^2}{4000} - \cos(y_i) + 1 \right)",
        where=(r"y_i = 100 \left( (z_i + 1)^2 - (z_{(i \bmod d) + 1} + 1) \right)^2 + z_i^2",),
        half_width=2.0,
        multimodal=True,
        conditioning=1e3,
        source="CEC 2014 F15 (Liang et al. 2013)",
    ),
    BasicFunction(
        name="weierstrass",
        title="Weierstrass",
        family="fractal",
        kernel=weierstrass,
        numpy=("k = np.arange(12)\nreturn np.sum(0.5**k * (np.cos(2 * np.pi * 3.0**k * (z[:, None] + 0.5)) + 1))"),
        latex=(
            r"\sum_{i=1}^{d} \sum_{k=0}^{11} 0.5^k \left( \cos \left( 2 \pi \cdot 3^k (z_i + 0.5) \right) + 1 \right)"
        ),
        half_width=0.5,
        multimodal=True,
        separable=True,
        smooth=False,
        source="CEC 2014 F6 (Liang et al. 2013), 12 terms as in BBOB f16",
    ),
    BasicFunction(
        name="katsuura",
        title="Katsuura",
        family="fractal",
        kernel=katsuura,
        numpy=(
            "d = z.size\n"
            "p = 2.0 ** np.arange(1, 33)\n"
            "y = p * z[:, None]\n"
            "s = np.sum(np.abs(y - np.floor(y + 0.5)) / p, axis=1)\n"
            "return 10 / d**2 * (np.prod((1 + np.arange(1, d + 1) * s) ** (10 / d**1.2)) - 1)"
        ),
        latex=(
            r"\frac{10}{d^2} \left( \prod_{i=1}^{d} \left( 1 + i \sum_{j=1}^{32}"
            r" \frac{\left| 2^j z_i - \lfloor 2^j z_i + 0.5 \rfloor \right|}{2^j} \right)^{\frac{10}{d^{1.2}}}"
            r" - 1 \right)"
        ),
        half_width=5.0,
        multimodal=True,
        smooth=False,
        source="CEC 2014 F12 (Liang et al. 2013); BBOB f23",
    ),
    BasicFunction(
        name="happycat",
        title="HappyCat",
        family="norm",
        kernel=happycat,
        numpy=("t = z - 1\ns = np.sum(t**2)\nreturn np.abs(s - z.size) ** 0.25 + (0.5 * s + np.sum(t)) / z.size + 0.5"),
        latex=r"\left| s - d \right|^{0.25} + \frac{0.5 s + \sum_{i=1}^{d} (z_i - 1)}{d} + 0.5",
        where=(r"s = \sum_{i=1}^{d} (z_i - 1)^2",),
        half_width=5.0,
        multimodal=True,
        smooth=False,
        conditioning=1e3,
        source="Beyer and Finck 2012; CEC 2014 F13",
    ),
    BasicFunction(
        name="hgbat",
        title="HGBat",
        family="norm",
        kernel=hgbat,
        numpy=(
            "t = z - 1\n"
            "s, u = np.sum(t**2), np.sum(t)\n"
            "return np.sqrt(np.abs(s**2 - u**2)) + (0.5 * s + u) / z.size + 0.5"
        ),
        latex=r"\sqrt{\left| s^2 - u^2 \right|} + \frac{0.5 s + u}{d} + 0.5",
        where=(r"s = \sum_{i=1}^{d} (z_i - 1)^2", r"u = \sum_{i=1}^{d} (z_i - 1)"),
        half_width=5.0,
        multimodal=True,
        smooth=False,
        conditioning=1e3,
        source="Beyer and Finck 2012; CEC 2014 F14",
    ),
)
