"""Properties: what holds whatever the input is."""
