"""deploy/bootstrap, run with stand-ins for docker, kind, kubectl and curl that note every call."""
