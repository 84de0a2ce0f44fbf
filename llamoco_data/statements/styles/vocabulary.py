"""The words of a style: names of the parts of a program, names inside formulas, and remarks."""

from collections.abc import Mapping

SHORT_NAMES: Mapping[str, tuple[str, ...]] = {
    "x": ("x", "p"),
    "moved": ("q", "t"),
    "part": ("u", "v"),
    "value": ("f", "res"),
    "index": ("j", "k"),
    "shift": ("o", "ctr"),
    "units": ("sc", "un"),
    "vector": ("n", "nrm"),
    "reflected": ("refl", "flip"),
    "function": ("fn", "core"),
    "form": ("lhs", "phi"),
    "left": ("val", "lh"),
    "coefficients": ("co", "cf"),
    "inequalities": ("g", "ineq"),
    "equalities": ("h", "eqs"),
    "held": ("data", "cfg"),
    "objective data": ("P", "CFG"),
    "constraint data": ("C", "LIM"),
    "objective class": ("Obj", "Fun"),
    "constraint class": ("Con", "Cons"),
}
LONG_NAMES: Mapping[str, tuple[str, ...]] = {
    "x": ("decision_variables", "candidate_point"),
    "moved": ("transformed_point", "point_in_own_coordinates"),
    "part": ("selected_variables", "variables_of_this_part"),
    "value": ("objective_value", "cost_so_far"),
    "index": ("position", "variable_index"),
    "shift": ("position_of_minimum", "center_of_function"),
    "units": ("unit_of_each_variable", "measuring_units"),
    "vector": ("mirror_normal", "normal_of_reflection"),
    "reflected": ("reflect_at_plane", "mirror_point_at_plane"),
    "function": ("elementary_cost", "basic_function"),
    "form": ("constrained_quantity", "left_hand_side"),
    "left": ("current_quantity", "quantity_to_limit"),
    "coefficients": ("coefficients_of_constraint", "constraint_weights"),
    "inequalities": ("inequalities", "numbers_at_most_zero"),
    "equalities": ("equalities", "numbers_equal_to_zero"),
    "held": ("parameters", "constants"),
    "objective data": ("OBJECTIVE_PARAMETERS", "COST_CONSTANTS"),
    "constraint data": ("CONSTRAINT_PARAMETERS", "LIMIT_CONSTANTS"),
    "objective class": ("CostFunction", "ObjectiveFunction"),
    "constraint class": ("ConstraintFunction", "LimitsOnVariables"),
}
"""Names of each role, one of which is drawn; all roles have different ones, also beside those of formulas."""

LONG_LOCALS: Mapping[str, str] = {
    "a": "first_value",
    "amplitude": "wave_amplitude",
    "b": "second_value",
    "before": "previous_value",
    "c": "clipped_value",
    "d": "number_of_variables",
    "far": "far_basin",
    "frequency": "wave_frequency",
    "gap": "distance_of_basins",
    "i": "index",
    "k": "harmonics",
    "largest": "largest_value",
    "last": "last_term",
    "linear": "linear_sum",
    "m": "folded_value",
    "middle": "middle_terms",
    "near": "near_basin",
    "p": "powers_of_two",
    "partial": "partial_sum",
    "power": "current_power",
    "product": "running_product",
    "q": "outer_penalty",
    "r": "derived_value",
    "rest": "remaining_squares",
    "s": "auxiliary_value",
    "squares": "sum_of_squares",
    "stretch": "stretching_factor",
    "t": "moved_value",
    "top": "weighted_sum",
    "total": "running_total",
    "u": "sum_of_values",
    "w": "widened_value",
    "waves": "sum_of_waves",
    "y": "inner_value",
    "z": "values",
}
"""Long name of every variable inside the catalogue's formulas."""
LONG_ARGUMENTS: Mapping[str, str] = {"y": "values", "a": "coefficients", "c": "center", "w": "width"}
"""Long name of each argument of a constraint form."""

REMARKS: Mapping[str, tuple[str, ...]] = {
    "bounds": (
        "Every variable stays between its lower and its upper bound.",
        "The search box, and how often the problem may be evaluated.",
    ),
    "constants": (
        "The numbers that define this instance of the problem.",
        "Fixed numbers of the problem; nothing here is to be tuned.",
    ),
    "reflected": (
        "Mirror a point at the plane through the origin that is perpendicular to the given normal.",
        "Householder reflection of a point.",
    ),
    "moved": (
        "Measure the point from the place where the function has its minimum.",
        "Subtract the shift, so that the minimum comes to lie at the origin.",
    ),
    "moved with units": (
        "Measure from the place of the minimum, in units of each variable.",
        "Subtract the shift, then divide by the unit of every variable.",
    ),
    "turned": (
        "Turn the coordinate system by one reflection after the other.",
        "Apply the reflections, which together rotate the landscape.",
    ),
    "part": (
        "Add the contribution of the next part.",
        "The next term uses these variables, scaled by a factor.",
    ),
    "rescaled": (
        "Undo the units of the variables first.",
        "The constraints are meant for variables without units.",
    ),
    "inequality": (
        "This must not become positive.",
        "Holds as long as the number is zero or less.",
    ),
    "equality": (
        "This has to be zero.",
        "Holds where the number vanishes, up to a small tolerance.",
    ),
}
"""Remarks on each step, one of which is drawn."""
