"""The admission server: bytes in, bytes out, and everything that keeps that going.

This room owns sockets, TLS, deadlines, the Flask application, gunicorn and its worker, metrics and
logs. It asks the core for decisions and makes none; it may import the core and `watch` only.
"""
