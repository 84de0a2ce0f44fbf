"""Compiles the kernels of the catalogues, and dispatches from a catalogue number to a kernel.

The numbers are positions in the catalogues, which a test checks; the chains of branches become jump tables. The
compiled kernels are for compiled code only: they have no Python wrapper, so a call from Python crashes.
"""

from numba import njit

from llamoco_data.problems import constraint_forms as forms
from llamoco_data.problems.functions import bowls, deceptive, plateaus, rugged, valleys_and_ridges, waves
from llamoco_data.problems.functions.definition import Vector

# numba's own signature of njit lacks these two options.
# pyright: reportCallIssue=false
_inner = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)

_sphere = _inner(bowls.sphere)
_ellipsoid = _inner(bowls.ellipsoid)
_schwefel_1_2 = _inner(bowls.schwefel_1_2)
_bent_cigar = _inner(bowls.bent_cigar)
_discus = _inner(bowls.discus)
_different_powers = _inner(bowls.different_powers)
_zakharov = _inner(bowls.zakharov)
_quartic = _inner(bowls.quartic)
_attractive_sector = _inner(bowls.attractive_sector)
_rosenbrock = _inner(valleys_and_ridges.rosenbrock)
_dixon_price = _inner(valleys_and_ridges.dixon_price)
_sharp_ridge = _inner(valleys_and_ridges.sharp_ridge)
_schwefel_2_20 = _inner(valleys_and_ridges.schwefel_2_20)
_schwefel_2_21 = _inner(valleys_and_ridges.schwefel_2_21)
_step = _inner(plateaus.step)
_step_ellipsoid = _inner(plateaus.step_ellipsoid)
_exponential = _inner(plateaus.exponential)
_rastrigin = _inner(waves.rastrigin)
_bueche_rastrigin = _inner(waves.bueche_rastrigin)
_step_rastrigin = _inner(waves.step_rastrigin)
_ackley = _inner(waves.ackley)
_griewank = _inner(waves.griewank)
_levy = _inner(waves.levy)
_alpine = _inner(waves.alpine)
_cosine_mixture = _inner(waves.cosine_mixture)
_bohachevsky = _inner(waves.bohachevsky)
_salomon = _inner(waves.salomon)
_periodic = _inner(waves.periodic)
_schwefel = _inner(deceptive.schwefel)
_modified_schwefel = _inner(deceptive.modified_schwefel)
_lunacek = _inner(deceptive.lunacek)
_styblinski_tang = _inner(deceptive.styblinski_tang)
_escaffer6 = _inner(rugged.escaffer6)
_schaffer_f7 = _inner(rugged.schaffer_f7)
_griewank_rosenbrock = _inner(rugged.griewank_rosenbrock)
_weierstrass = _inner(rugged.weierstrass)
_katsuura = _inner(rugged.katsuura)
_happycat = _inner(rugged.happycat)
_hgbat = _inner(rugged.hgbat)

_linear = _inner(forms.linear)
_ball = _inner(forms.ball)
_weighted_squares = _inner(forms.weighted_squares)
_absolute = _inner(forms.absolute)
_max_norm = _inner(forms.max_norm)
_sinusoid = _inner(forms.sinusoid)
_bilinear = _inner(forms.bilinear)
_log_sum_exp = _inner(forms.log_sum_exp)
_rippled_ball = _inner(forms.rippled_ball)
_differences = _inner(forms.differences)
_parabola = _inner(forms.parabola)
_cubic = _inner(forms.cubic)
_fractional = _inner(forms.fractional)


@_inner
def basic_function(code: int, z: Vector) -> float:
    """Value at z[d] of the basic function with number `code`; long, because it has one branch for each function."""
    if code == 0:
        return _sphere(z)
    if code == 1:
        return _ellipsoid(z)
    if code == 2:
        return _schwefel_1_2(z)
    if code == 3:
        return _bent_cigar(z)
    if code == 4:
        return _discus(z)
    if code == 5:
        return _different_powers(z)
    if code == 6:
        return _zakharov(z)
    if code == 7:
        return _quartic(z)
    if code == 8:
        return _attractive_sector(z)
    if code == 9:
        return _rosenbrock(z)
    if code == 10:
        return _dixon_price(z)
    if code == 11:
        return _sharp_ridge(z)
    if code == 12:
        return _schwefel_2_20(z)
    if code == 13:
        return _schwefel_2_21(z)
    if code == 14:
        return _step(z)
    if code == 15:
        return _step_ellipsoid(z)
    if code == 16:
        return _exponential(z)
    if code == 17:
        return _rastrigin(z)
    if code == 18:
        return _bueche_rastrigin(z)
    if code == 19:
        return _step_rastrigin(z)
    if code == 20:
        return _ackley(z)
    if code == 21:
        return _griewank(z)
    if code == 22:
        return _levy(z)
    if code == 23:
        return _alpine(z)
    if code == 24:
        return _cosine_mixture(z)
    if code == 25:
        return _bohachevsky(z)
    if code == 26:
        return _salomon(z)
    if code == 27:
        return _periodic(z)
    if code == 28:
        return _schwefel(z)
    if code == 29:
        return _modified_schwefel(z)
    if code == 30:
        return _lunacek(z)
    if code == 31:
        return _styblinski_tang(z)
    if code == 32:
        return _escaffer6(z)
    if code == 33:
        return _schaffer_f7(z)
    if code == 34:
        return _griewank_rosenbrock(z)
    if code == 35:
        return _weierstrass(z)
    if code == 36:
        return _katsuura(z)
    if code == 37:
        return _happycat(z)
    if code == 38:
        return _hgbat(z)
    return 0.0


@_inner
def constraint_form(code: int, y: Vector, a: Vector, c: float, w: float) -> float:
    """Left-hand side at y[m] of the constraint form with number `code`."""
    if code == 0:
        return _linear(y, a, c, w)
    if code == 1:
        return _ball(y, a, c, w)
    if code == 2:
        return _weighted_squares(y, a, c, w)
    if code == 3:
        return _absolute(y, a, c, w)
    if code == 4:
        return _max_norm(y, a, c, w)
    if code == 5:
        return _sinusoid(y, a, c, w)
    if code == 6:
        return _bilinear(y, a, c, w)
    if code == 7:
        return _log_sum_exp(y, a, c, w)
    if code == 8:
        return _rippled_ball(y, a, c, w)
    if code == 9:
        return _differences(y, a, c, w)
    if code == 10:
        return _parabola(y, a, c, w)
    if code == 11:
        return _cubic(y, a, c, w)
    if code == 12:
        return _fractional(y, a, c, w)
    return 0.0
