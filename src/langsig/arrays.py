"""The type of numerical arrays."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""An array of floating-point numbers, of any precision. Its docstring says which axes it has."""
