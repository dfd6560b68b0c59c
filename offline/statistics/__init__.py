"""Statistics of a counting experiment: p-values, thresholds, limits, bands, combination, contours, closure.

Pure functions of numbers: no files, no clock, no configuration. Randomness comes with its seed. A number that is wrong
on its face (negative, NaN, half an event) is a `DataError` that names it. What each number means, what is marginalised
and what was tried: docs/physicist/statistics.md.
"""
