"""A cluster in operation: what people ask it by kubectl, and what our accounts may do there."""
