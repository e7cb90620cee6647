"""Waitress 3.0.2 as patched here: connections, the epoll loop, listening."""
