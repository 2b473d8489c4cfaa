"""Certificates, read back as a client reads them."""
