"""What others say of the real problems: dimensions, counts, values at points, and the best points known here."""

import json
from pathlib import Path
from typing import NamedTuple, TypedDict

DATA = Path(__file__).with_name("real_problems.json")


class Counts(NamedTuple):
    dimension: int
    num_inequality: int
    num_equality: int
    best_known: float


class Sample(TypedDict):
    x: list[float]
    values: list[float]


_content = json.loads(DATA.read_text(encoding="utf-8"))
OFFICIAL: dict[str, list[Sample]] = _content["official"]["values"]
"""Values of the code of CEC 2020: objective, g, h; numbers that it rounds are whole there."""
ENOPPY: dict[str, list[Sample]] = _content["enoppy"]["values"]
"""Values of enoppy: objective, then g and |h| - 1e-4 in ascending order."""
BEST_POINTS: dict[str, list[float]] = _content["points"]["values"]
"""Best point known here of every problem."""

NOT_REACHED = {
    "rc24_robot_gripper": 0.05,
    "rc44_wind_farm": 0.1,
    "rc45_pulse_width_3_levels": 0.12,
    "rc46_pulse_width_5_levels": 1.0,
    "rc47_pulse_width_7_levels": 0.5,
    "rc48_pulse_width_9_levels": 0.2,
    "rc49_pulse_width_11_levels": 0.06,
}
"""Bound of the relative gap where no run came within 0.1 % of the best known value; the page names the problems."""

CEC2020 = {
    "RC01": Counts(9, 0, 8, 189.31162966),
    "RC02": Counts(11, 0, 9, 7049.036954),
    "RC03": Counts(7, 14, 0, -4529.1197395),
    "RC04": Counts(6, 1, 4, -0.38826043623),
    "RC05": Counts(9, 2, 4, -400.0056),
    "RC06": Counts(38, 0, 32, 1.8638304088),
    "RC07": Counts(48, 0, 38, 1.5670451),
    "RC08": Counts(2, 2, 0, 2.0),
    "RC09": Counts(3, 1, 1, 2.557654574),
    "RC10": Counts(3, 3, 0, 1.0765430833),
    "RC11": Counts(7, 4, 4, 99.238463653),
    "RC12": Counts(7, 9, 0, 2.9248305537),
    "RC13": Counts(5, 3, 0, 26887.0),
    "RC14": Counts(10, 10, 0, 53638.942722),
    "RC15": Counts(7, 11, 0, 2994.4244658),
    "RC16": Counts(14, 15, 0, 0.032213000814),
    "RC17": Counts(3, 3, 0, 0.012665232788),
    "RC18": Counts(4, 4, 0, 5885.3327736),
    "RC19": Counts(4, 5, 0, 1.6702177263),
    "RC20": Counts(2, 3, 0, 263.89584338),
    "RC21": Counts(5, 7, 0, 0.2352424579),
    "RC23": Counts(5, 8, 3, 16.069868725),
    "RC24": Counts(7, 7, 0, 2.5287918415),
    "RC25": Counts(4, 7, 0, 1616.1197651),
    "RC27": Counts(10, 3, 0, 524.45076066),
    "RC28": Counts(10, 9, 0, 14614.135715),
    "RC29": Counts(4, 1, 0, 2964895.4173),
    "RC30": Counts(3, 8, 0, 2.6138840583),
    "RC32": Counts(5, 6, 0, -30665.538672),
    "RC33": Counts(30, 30, 0, 2.639346497),
    "RC44": Counts(30, 91, 0, -6273.1715),
    "RC45": Counts(25, 24, 1, 0.03073936),
    "RC46": Counts(25, 24, 1, 0.020240335),
    "RC47": Counts(25, 24, 1, 0.012783068),
    "RC48": Counts(30, 29, 1, 0.016787535766),
    "RC49": Counts(30, 29, 1, 0.00931187418),
    "RC50": Counts(30, 29, 1, 0.01505147),
    "RC52": Counts(59, 14, 1, 3348.9821493),
    "RC53": Counts(59, 14, 1, 4997.606929),
    "RC54": Counts(59, 14, 1, 4240.5482538),
    "RC55": Counts(64, 0, 6, 6696.4145128),
    "RC56": Counts(64, 0, 6, 14746.58),
    "RC57": Counts(64, 0, 6, 3213.2917019),
}
"""The rows of the table of CEC 2020 (Kumar et al., 2020), with the best known values of the competition."""

G_FUNCTIONS = {
    "g01": Counts(13, 9, 0, -15.0),
    "g02": Counts(20, 2, 0, -0.8036191042),
    "g03": Counts(10, 0, 1, -1.0005001),
    "g04": Counts(5, 6, 0, -30665.53867178),
    "g05": Counts(4, 2, 3, 5126.4967140071),
    "g06": Counts(2, 2, 0, -6961.8138755802),
    "g07": Counts(10, 8, 0, 24.3062090681),
    "g08": Counts(2, 2, 0, -0.0958250414),
    "g09": Counts(7, 4, 0, 680.6300573745),
    "g10": Counts(8, 6, 0, 7049.2480205286),
    "g11": Counts(2, 0, 1, 0.7499),
    "g12": Counts(3, 1, 0, -1.0),
    "g13": Counts(5, 0, 3, 0.053941514),
    "g14": Counts(10, 0, 3, -47.7648884595),
    "g15": Counts(3, 0, 2, 961.7150222899),
    "g16": Counts(5, 38, 0, -1.9051552586),
    "g17": Counts(6, 0, 4, 8853.5396748064),
    "g18": Counts(9, 13, 0, -0.8660254038),
    "g19": Counts(15, 5, 0, 32.6555929502),
    "g20": Counts(24, 6, 14, 0.2049794002),
    "g21": Counts(7, 1, 5, 193.72451007),
    "g22": Counts(22, 1, 19, 236.430975504),
    "g23": Counts(9, 2, 4, -400.0551),
    "g24": Counts(2, 2, 0, -5.5080132716),
}
"""The table of CEC 2006 (Liang et al., 2006), to ten digits."""
