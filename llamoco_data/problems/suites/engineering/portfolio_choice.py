"""Portfolio of eight stock and bond markets: the best trade between return, risk and the price of trading.

Source: Markowitz (Portfolio selection, Journal of Finance 7, 1952), the trade; Michaud (Efficient asset management,
1998), the returns, risks and correlations; Almgren et al. (Direct estimation of equity market impact, Risk 18, 2005),
the power 1.6.
Best known value: -0.447998, of runs of this project.
"""

import numpy as np

# Share of each market: Canada, France, Germany, Japan, United Kingdom, United States, US bonds, euro bonds.
lower = np.zeros(8)
upper = np.full(8, 0.6)
max_evaluations = 20000

# Percent a month.
RETURNS = np.array([0.39, 0.88, 0.53, 0.88, 0.79, 0.71, 0.25, 0.27])
RISKS = np.array([5.50, 7.03, 6.22, 7.04, 6.01, 4.30, 2.01, 1.56])
CORRELATIONS = np.array(
    [
        [1.00, 0.41, 0.30, 0.25, 0.58, 0.71, 0.26, 0.33],
        [0.41, 1.00, 0.62, 0.42, 0.54, 0.44, 0.22, 0.26],
        [0.30, 0.62, 1.00, 0.35, 0.48, 0.34, 0.27, 0.28],
        [0.25, 0.42, 0.35, 1.00, 0.40, 0.22, 0.14, 0.16],
        [0.58, 0.54, 0.48, 0.40, 1.00, 0.56, 0.25, 0.29],
        [0.71, 0.44, 0.34, 0.22, 0.56, 1.00, 0.36, 0.42],
        [0.26, 0.22, 0.27, 0.14, 0.25, 0.36, 1.00, 0.92],
        [0.33, 0.26, 0.28, 0.16, 0.29, 0.42, 0.92, 1.00],
    ]
)
COVARIANCES = np.outer(RISKS, RISKS) * CORRELATIONS
HELD = np.full(8, 1 / 8)
AVERSION, IMPACT = 0.03, 0.3


def objective(x):
    risk = x @ COVARIANCES @ x
    trading = IMPACT * np.sum(np.abs(x - HELD) ** 1.6)
    return -(RETURNS @ x) + AVERSION / 2 * risk + trading


def constraints(x):
    least_return = 0.5 - RETURNS @ x
    return np.array([least_return]), np.array([np.sum(x) - 1])
