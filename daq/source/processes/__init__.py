"""Physics processes beside the halo: what decays and interactions put into the detector."""
