"""Places of the tiles of CHOD and MUV3: constants, so that viewers may keep the answer."""

from __future__ import annotations

from fastapi import FastAPI, Response

from monitor.page.geometry import Detector, TileMap, tile_map

KEEP = "max-age=3600"
"""A viewer asks again after an hour: another version of the program may have other tables."""


def add_geometry(app: FastAPI) -> None:
    """Add the answer to the application."""

    @app.get("/api/v1/geometry/{detector}", tags=["machines"])
    def geometry(detector: Detector, response: Response) -> TileMap:
        """List the pieces of all tiles of a detector [mm]."""
        response.headers["cache-control"] = KEEP
        return tile_map(detector)
