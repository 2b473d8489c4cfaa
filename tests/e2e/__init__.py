"""The bootstrap with real containers: `make e2e`, where Docker and kind are at hand."""
