"""Sockets, endpoints and keys. The only home of zmq."""
