"""Sealing: what is put under a public key here can be read only by those who hold the private one, elsewhere."""
