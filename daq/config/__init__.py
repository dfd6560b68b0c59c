"""Configuration: one TOML file, one frozen validated object."""

from daq.config.load import load_config, render_config
from daq.config.root import Config

__all__ = ["Config", "load_config", "render_config"]
