"""The collector and monitor roles and the supervisor that runs the chain on one machine."""
