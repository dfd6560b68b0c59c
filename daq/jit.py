"""The one way to compile a kernel.

Kernels are flat loops over arrays; cuts and constants are arguments, never globals, because a cached kernel
does not see an edit in another module. No `fastmath` (it deletes NaN tests), no `parallel` (float sums would
depend on the number of cores). `DUMPWATCH_NUMBA_CACHE=0` switches the disk cache off.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_CACHE = os.environ.get("DUMPWATCH_NUMBA_CACHE", "1") != "0"

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function of arrays and scalars: no Python objects, GIL released, IEEE division."""
    return cast("F", numba.njit(nogil=True, cache=_CACHE, error_model="numpy")(function))


def inline_kernel(function: F) -> F:
    """Compile a small helper that its callers in the same file inline."""
    return cast("F", numba.njit(nogil=True, cache=_CACHE, error_model="numpy", inline="always")(function))
