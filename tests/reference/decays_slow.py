"""Decays in plain Python: the same random numbers, other formulas (Lorentz matrices, sorted lists)."""

import math

import numpy as np


def kallen_momentum(mass, first, second):
    a, b, c = mass**2, first**2, second**2
    return math.sqrt(max(0.0, a * a + b * b + c * c - 2 * a * b - 2 * a * c - 2 * b * c)) / (2 * mass)


def boost_matrix(momentum, mass):
    px, py, pz = momentum
    energy = math.sqrt(px**2 + py**2 + pz**2 + mass**2)
    beta = np.array(momentum) / energy
    gamma = energy / mass
    matrix = np.eye(4)
    matrix[0, 0] = gamma
    matrix[0, 1:] = matrix[1:, 0] = gamma * beta
    if beta.any():
        matrix[1:, 1:] += (gamma - 1.0) * np.outer(beta, beta) / (beta @ beta)
    return matrix


def draw_systems(rng, mass, daughters):
    n = len(daughters)
    if n == 2:
        return [daughters[0], mass]
    free = mass - sum(daughters)
    bound = 1.0
    for k in range(1, n):
        bound *= kallen_momentum(free + sum(daughters[: k + 1]), sum(daughters[:k]), daughters[k])
    while True:
        numbers = sorted(rng.random() for _ in range(n - 2))
        systems = [daughters[0]]
        systems += [sum(daughters[: k + 2]) + free * u for k, u in enumerate(numbers)]
        systems.append(mass)
        weight = math.prod(kallen_momentum(systems[k], systems[k - 1], daughters[k]) for k in range(1, n))
        if rng.random() * bound < weight:
            return systems


def decay_slow(rng, momentum, mass, daughters):
    """Momenta of the daughters of one parent, in order."""
    systems = draw_systems(rng, mass, list(daughters))
    found, momentum = [], list(momentum)
    for k in range(len(daughters) - 1, 0, -1):
        p = kallen_momentum(systems[k], systems[k - 1], daughters[k])
        cosine, phi = 2 * rng.random() - 1, 2 * math.pi * rng.random()
        sine = math.sqrt(1 - cosine**2)
        star = np.array([p * sine * math.cos(phi), p * sine * math.sin(phi), p * cosine])
        matrix = boost_matrix(momentum, systems[k])
        found.append((matrix @ np.concatenate(([math.hypot(p, daughters[k])], star)))[1:])
        momentum = (matrix @ np.concatenate(([math.hypot(p, systems[k - 1])], -star)))[1:]
    return np.array([momentum, *found[::-1]])
