"""wire: messages between the runner's processes. Four bytes of length, then JSON; never blocks.

A Wire holds a bare descriptor and no file object: a forked child closes numbers, and no object
that it inherited may close a number that means something else by then.
"""

import json
import os
import select
import struct

MESSAGE_BYTES_MAX = 64 << 20
_CHUNK = 1 << 16
_HEAD = struct.Struct(">I")


class Wire(object):
    def __init__(self, fd):
        os.set_blocking(fd, False)
        self.fd = fd
        self.closed = False  # the other side has gone
        self._in = bytearray()
        self._out = bytearray()

    def send(self, message):
        data = json.dumps(message, separators=(",", ":")).encode("ascii")
        self._out += _HEAD.pack(len(data)) + data
        self.flush()

    def pending(self):
        return bool(self._out) and not self.closed

    def flush(self):
        """Writes what the other side takes now."""
        while self._out and not self.closed:
            try:
                written = os.write(self.fd, self._out[:_CHUNK])
            except BlockingIOError:
                return
            except OSError:
                self.closed = True
                return
            del self._out[:written]

    def receive(self, most=MESSAGE_BYTES_MAX):
        """The messages that are there, as far as `most` bytes go; none is larger than that. At the
        other side's end `closed` is set."""
        end = len(self._in) + most
        while not self.closed and len(self._in) < end:
            try:
                data = os.read(self.fd, _CHUNK)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                self.closed = True
            self._in += data
        return self._messages(most)

    def _messages(self, most):
        messages = []
        while len(self._in) >= _HEAD.size:
            size = _HEAD.unpack_from(self._in)[0]
            if size > most:
                raise ValueError("a message of %d bytes" % size)
            if len(self._in) < _HEAD.size + size:
                break
            text = bytes(self._in[_HEAD.size:_HEAD.size + size])
            del self._in[:_HEAD.size + size]
            messages.append(json.loads(text.decode("ascii")))
        return messages

    def wait(self, timeout_s):
        """Until something can be read, or what is to be sent can be written; False if it took
        longer than that."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN | (select.POLLOUT if self._out else 0))
        ready = poll.poll(None if timeout_s is None else max(0, int(timeout_s * 1000)))
        if ready and ready[0][1] & select.POLLOUT:
            self.flush()
        return bool(ready)

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1
        self.closed = True
