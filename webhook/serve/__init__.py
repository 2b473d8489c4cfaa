"""The admission server: bytes in, bytes out, and everything that keeps that going.

This room owns connections, TLS, deadlines, the Flask application, gunicorn and its worker, metrics.
It asks the core for decisions and makes none; it imports the core, `watch` and `process` only.
"""
