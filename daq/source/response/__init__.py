"""Response: particles in, hits out, one file per detector or group of them.

Every function takes the generator, times and positions (NaN: the particle is not there) and gives unordered hits.
Hit times are whole fine-time units since SOB.
"""
