"""Deceptive functions: the best of the large basins is not where the global trend points."""

from math import cos, pi, sin, sqrt

from llamoco_data.problems.functions.definition import BasicFunction, Vector


def schwefel(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        t = z[i] + 420.9687462275036
        c = min(max(t, -500.0), 500.0)
        total += 418.9828872724338 - c * sin(sqrt(abs(c))) + (t - c) ** 2
    return total


def modified_schwefel(z: Vector) -> float:
    d = len(z)
    total = 0.0
    for i in range(d):
        t = z[i] + 420.9687462275036
        if abs(t) <= 500:
            total += 418.9828872724338 - t * sin(sqrt(abs(t)))
        else:
            m = 500 - abs(t) % 500
            if t < 0:
                total += 418.9828872724338 + m * sin(sqrt(m)) + (abs(t) - 500) ** 2 / (10000 * d)
            else:
                total += 418.9828872724338 - m * sin(sqrt(m)) + (abs(t) - 500) ** 2 / (10000 * d)
    return total


def lunacek(z: Vector) -> float:
    d = len(z)
    s = 1 - 1 / (2 * sqrt(d + 20) - 8.2)
    gap = 2.5 + sqrt(5.25 / s)
    near = 0.0
    far = 0.0
    waves = 0.0
    for i in range(d):
        near += z[i] ** 2
        far += (z[i] + gap) ** 2
        waves += cos(2 * pi * z[i])
    return min(near, d + s * far) + 10 * (d - waves)


def styblinski_tang(z: Vector) -> float:
    total = 0.0
    for i in range(len(z)):
        t = z[i] - 2.903534027771177
        total += (t**4 - 16 * t**2 + 5 * t) / 2 + 39.16616570377142
    return total


DECEPTIVE = (
    BasicFunction(
        name="schwefel",
        title="Schwefel 2.26 with exterior penalty",
        family="deceptive",
        kernel=schwefel,
        numpy=(
            "t = z + 420.9687462275036\n"
            "c = np.clip(t, -500, 500)\n"
            "return np.sum(418.9828872724338 - c * np.sin(np.sqrt(np.abs(c))) + (t - c) ** 2)"
        ),
        latex=(
            r"\sum_{i=1}^{d} \left( 418.9828872724338 - c_i \sin \left( \sqrt{\left| c_i \right|} \right)"
            r" + (t_i - c_i)^2 \right)"
        ),
        where=(r"t_i = z_i + 420.9687462275036", r"c_i = \min \left( \max \left( t_i, -500 \right), 500 \right)"),
        half_width=500.0,
        multimodal=True,
        separable=True,
        smooth=False,
        source="Schwefel 1981, problem 2.26; quadratic growth outside [-500, 500] keeps it bounded",
    ),
    BasicFunction(
        name="modified_schwefel",
        title="Modified Schwefel",
        family="deceptive",
        kernel=modified_schwefel,
        numpy=(
            "t = z + 420.9687462275036\n"
            "m = np.where(np.abs(t) <= 500, np.abs(t), 500 - np.abs(t) % 500)\n"
            "q = np.where(np.abs(t) <= 500, 0.0, (np.abs(t) - 500) ** 2 / (10000 * z.size))\n"
            "return np.sum(418.9828872724338 - np.sign(t) * m * np.sin(np.sqrt(m)) + q)"
        ),
        latex=(
            r"\sum_{i=1}^{d} \left( 418.9828872724338 - \operatorname{sgn}(t_i) m_i \sin \left( \sqrt{m_i} \right)"
            r" + q_i \right)"
        ),
        where=(
            r"t_i = z_i + 420.9687462275036",
            (
                r"m_i = \begin{cases} \left| t_i \right| & \left| t_i \right| \le 500 \\"
                r" 500 - \left( \left| t_i \right| \bmod 500 \right) & \text{otherwise} \end{cases}"
            ),
            (
                r"q_i = \begin{cases} 0 & \left| t_i \right| \le 500 \\"
                r" \frac{(\left| t_i \right| - 500)^2}{10000 d} & \text{otherwise} \end{cases}"
            ),
        ),
        half_width=600.0,
        multimodal=True,
        separable=True,
        smooth=False,
        source="CEC 2014 F10 (Liang et al. 2013)",
    ),
    BasicFunction(
        name="lunacek",
        title="Lunacek bi-Rastrigin",
        family="deceptive",
        kernel=lunacek,
        numpy=(
            "d = z.size\n"
            "s = 1 - 1 / (2 * np.sqrt(d + 20) - 8.2)\n"
            "far = d + s * np.sum((z + 2.5 + np.sqrt(5.25 / s)) ** 2)\n"
            "return min(np.sum(z**2), far) + 10 * (d - np.sum(np.cos(2 * np.pi * z)))"
        ),
        latex=(
            r"\min \left( \sum_{i=1}^{d} z_i^2, d + s \sum_{i=1}^{d} \left( z_i + 2.5 + \sqrt{\frac{5.25}{s}} \right)^2"
            r" \right) + 10 \left( d - \sum_{i=1}^{d} \cos(2 \pi z_i) \right)"
        ),
        where=(r"s = 1 - \frac{1}{2 \sqrt{d + 20} - 8.2}",),
        half_width=5.0,
        multimodal=True,
        smooth=False,
        source="Lunacek et al. 2008; BBOB f24",
    ),
    BasicFunction(
        name="styblinski_tang",
        title="Styblinski-Tang",
        family="deceptive",
        kernel=styblinski_tang,
        numpy=("t = z - 2.903534027771177\nreturn np.sum((t**4 - 16 * t**2 + 5 * t) / 2 + 39.16616570377142)"),
        latex=r"\sum_{i=1}^{d} \left( \frac{t_i^4 - 16 t_i^2 + 5 t_i}{2} + 39.16616570377142 \right)",
        where=(r"t_i = z_i - 2.903534027771177",),
        half_width=5.0,
        multimodal=True,
        separable=True,
        source="Styblinski and Tang 1990, moved to minimum 0",
    ),
)
