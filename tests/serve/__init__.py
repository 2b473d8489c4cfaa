"""The server as its clients meet it: a real process, real sockets, real TLS."""
