"""The epoll loop registers what each socket waits for, and no socket waits for ever."""

import os
import select
import socket
import threading

import pytest

from http_server.epoll_loop import HAS_EPOLL, EpollLoop

if not HAS_EPOLL:
    pytest.skip("SKIPPED: this system has no epoll; waitress's own loop serves", allow_module_level=True)


class Handler:
    """One end of a pair of sockets, as waitress's channels are."""

    accepting = False
    will_close = False
    total_outbufs_len = 0

    def __init__(self, map):
        self.socket, self.other = socket.socketpair()
        self.outbuf_lock = threading.RLock()
        self._fileno, self.map, self.got = self.socket.fileno(), map, []
        self.busy = False
        map[self._fileno] = self

    def readable(self):
        return not self.busy and not self.total_outbufs_len

    def writable(self):
        return bool(self.total_outbufs_len)

    def _flush_exception(self, flush, do_close):
        flush()

    def _flush_some(self):
        self.socket.send(b"x" * self.total_outbufs_len)
        self.total_outbufs_len = 0

    def end(self):
        number, self._fileno = self._fileno, None
        del self.map[number]
        return number


@pytest.fixture(autouse=True)
def closed(monkeypatch):
    """Closes every socket at the end."""
    opened, pair = [], socket.socketpair

    def remembered():
        opened.extend(made := pair())
        return made

    monkeypatch.setattr(socket, "socketpair", remembered)
    yield
    for one in opened:
        one.close()


@pytest.fixture
def run_loop():
    """Runs the loop until a socket is handled. Returns the socket and its flags, or None after `seconds`."""

    class Handled(Exception):
        pass

    handled = []

    def ready(handler, flags):
        handled.append((handler, flags))
        raise Handled

    loop = EpollLoop(ready)

    def run(map, seconds=5.0):
        stop = Handler(map)  # ends the loop where nothing else is ready
        timer = threading.Timer(seconds, stop.other.send, [b"."])
        timer.start()
        try:
            with pytest.raises(Handled):
                loop.loop(map)
        finally:
            timer.cancel()
            timer.join()
            loop.unregister(stop.end())
        result = handled.pop()
        return None if result[0] is stop else result

    run.loop = loop
    return run


def test_a_socket_that_has_something_is_read(run_loop):
    map = {}
    one, other = Handler(map), Handler(map)
    other.other.send(b"hello")
    assert run_loop(map) == (other, select.EPOLLIN)
    assert one.got == []


def test_a_busy_socket_is_read_after_its_request_is_answered(run_loop):
    map = {}
    channel = Handler(map)
    run_loop.loop.register(channel)
    channel.busy = True
    channel.other.send(b"more")
    assert run_loop(map, seconds=0.2) is None
    run_loop.loop.enter(channel)
    channel.busy = False
    run_loop.loop.flush()
    assert run_loop(map) == (channel, select.EPOLLIN)


def test_the_thread_that_answers_sends_the_response(run_loop):
    channel = Handler({})
    run_loop.loop.enter(channel)
    channel.total_outbufs_len = 3
    run_loop.loop.flush()
    assert channel.other.recv(10) == b"xxx"


def test_unsent_bytes_are_sent_by_the_loop(run_loop):
    map = {}
    channel = Handler(map)
    channel._flush_some = lambda: None  # the peer does not read yet
    channel.total_outbufs_len = 3
    run_loop.loop.enter(channel)
    run_loop.loop.flush()
    assert run_loop(map) == (channel, select.EPOLLOUT)


def test_a_reused_file_descriptor_is_registered(run_loop):
    map = {}
    first = Handler(map)
    run_loop.loop.register(first)
    number = first.end()
    run_loop.loop.unregister(number)
    run_loop.loop.register(first)  # a late thread changes nothing
    second = Handler(map)
    del map[second._fileno]
    os.dup2(second.socket.fileno(), number)
    second._fileno, map[number] = number, second
    second.other.send(b"hello")
    assert run_loop(map) == (second, select.EPOLLIN)
