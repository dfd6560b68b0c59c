"""The source and worker roles: wiring only, every decision is made by a pure function elsewhere."""
