"""What a burst can hold instead of everything: a part of many spills, all of it with one weight."""

from daq.source.modes.build import recipe
from daq.source.modes.recipe import Bias, Part, Recipe, RunMode

__all__ = ["Bias", "Part", "Recipe", "RunMode", "recipe"]
