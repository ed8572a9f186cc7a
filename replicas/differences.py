"""Derivatives of a function of several variables by central differences."""

import numpy as np

__all__ = ["gradient_and_hessian", "gradient_of"]


def gradient_of(f, point, step):
    """Gradient of f, and for each variable the sum of the two values it took."""
    steps = step * np.eye(len(point))
    up, down = (np.array([f(point + s * x) for x in steps]) for s in (1, -1))
    return 0.5 * (up - down) / step, up + down


def gradient_and_hessian(f, point, step):
    """Gradient and second derivatives of f."""
    steps = step * np.eye(len(point))
    value = f(point)
    gradient, both = gradient_of(f, point, step)
    hessian = np.diag((both - 2 * value) / step**2)
    for i in range(len(point)):
        for j in range(i):
            diagonal = f(point + steps[i] + steps[j]) + f(point - steps[i] - steps[j])
            mixed = 0.5 * (diagonal - both[[i, j]].sum() + 2 * value) / step**2
            hessian[i, j] = hessian[j, i] = mixed
    return gradient, hessian
