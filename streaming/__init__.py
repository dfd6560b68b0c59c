"""From triggered events to classified candidates: reconstruction, gate, burst closure, transport, services."""
