"""Expected background of every final state and region, each by the method of the publications."""
