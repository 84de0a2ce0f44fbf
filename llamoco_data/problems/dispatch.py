"""Compiled dispatch from a catalogue number to its kernel: a chain that the compiler turns into a jump table.

The numbers are positions in the catalogues; a test holds the two together.
"""

from typing import Any

from numba import njit

from llamoco_data.problems import constraint_forms as forms
from llamoco_data.problems.functions import bowls, deceptive, plateaus, rugged, valleys_and_ridges, waves


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def basic_function(code: int, z: Any) -> float:
    if code == 0:
        return bowls.sphere(z)
    if code == 1:
        return bowls.ellipsoid(z)
    if code == 2:
        return bowls.schwefel_1_2(z)
    if code == 3:
        return bowls.bent_cigar(z)
    if code == 4:
        return bowls.discus(z)
    if code == 5:
        return bowls.different_powers(z)
    if code == 6:
        return bowls.zakharov(z)
    if code == 7:
        return bowls.quartic(z)
    if code == 8:
        return bowls.attractive_sector(z)
    if code == 9:
        return valleys_and_ridges.rosenbrock(z)
    if code == 10:
        return valleys_and_ridges.dixon_price(z)
    if code == 11:
        return valleys_and_ridges.sharp_ridge(z)
    if code == 12:
        return valleys_and_ridges.schwefel_2_20(z)
    if code == 13:
        return valleys_and_ridges.schwefel_2_21(z)
    if code == 14:
        return plateaus.step(z)
    if code == 15:
        return plateaus.step_ellipsoid(z)
    if code == 16:
        return plateaus.exponential(z)
    if code == 17:
        return waves.rastrigin(z)
    if code == 18:
        return waves.bueche_rastrigin(z)
    if code == 19:
        return waves.step_rastrigin(z)
    if code == 20:
        return waves.ackley(z)
    if code == 21:
        return waves.griewank(z)
    if code == 22:
        return waves.levy(z)
    if code == 23:
        return waves.alpine(z)
    if code == 24:
        return waves.cosine_mixture(z)
    if code == 25:
        return waves.bohachevsky(z)
    if code == 26:
        return waves.salomon(z)
    if code == 27:
        return waves.periodic(z)
    if code == 28:
        return deceptive.schwefel(z)
    if code == 29:
        return deceptive.modified_schwefel(z)
    if code == 30:
        return deceptive.lunacek(z)
    if code == 31:
        return deceptive.styblinski_tang(z)
    if code == 32:
        return rugged.escaffer6(z)
    if code == 33:
        return rugged.schaffer_f7(z)
    if code == 34:
        return rugged.griewank_rosenbrock(z)
    if code == 35:
        return rugged.weierstrass(z)
    if code == 36:
        return rugged.katsuura(z)
    if code == 37:
        return rugged.happycat(z)
    if code == 38:
        return rugged.hgbat(z)
    return 0.0


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def constraint_form(code: int, y: Any, a: Any, c: float, w: float) -> float:
    if code == 0:
        return forms.linear(y, a, c, w)
    if code == 1:
        return forms.ball(y, a, c, w)
    if code == 2:
        return forms.weighted_squares(y, a, c, w)
    if code == 3:
        return forms.absolute(y, a, c, w)
    if code == 4:
        return forms.max_norm(y, a, c, w)
    if code == 5:
        return forms.sinusoid(y, a, c, w)
    if code == 6:
        return forms.bilinear(y, a, c, w)
    if code == 7:
        return forms.log_sum_exp(y, a, c, w)
    if code == 8:
        return forms.rippled_ball(y, a, c, w)
    if code == 9:
        return forms.differences(y, a, c, w)
    if code == 10:
        return forms.parabola(y, a, c, w)
    if code == 11:
        return forms.cubic(y, a, c, w)
    if code == 12:
        return forms.fractional(y, a, c, w)
    return 0.0
