"""A network between a client and the system that can be cut, can hang, and can lose answers half-way."""

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType

# Of an answer, before its connection is cut: the head has begun, the receipt has not come.
HALF_AN_ANSWER = 20


class Network:
    """Listens on a free port of the loopback and passes connections on.

    `cut`: every connection breaks, and so does each new one. `freeze`: connections stand and carry nothing, new ones
    are taken and carry nothing either. `lose_answers(n)`: the next n answers break off after a few bytes, with the
    request passed on. `restore`: what is new works again; what was frozen stays so until the client gives it up.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_cut = self._is_frozen = False
        self._lost = 0
        self.broken = 0
        """Answers that were broken off so far."""
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Network":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._break_all()

    def cut(self) -> None:
        self._is_cut = True
        self._is_frozen = False
        self._break_all()

    def freeze(self) -> None:
        self._is_frozen = True
        self._is_cut = False

    def lose_answers(self, count: int) -> None:
        with self._lock:
            self._lost = count

    def restore(self) -> None:
        self._is_cut = self._is_frozen = False

    def _break_all(self) -> None:
        with self._lock:
            victims, self._open = self._open, set()
        for victim in victims:
            _break(victim)

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                _break(ours)
                continue
            try:
                theirs = socket.create_connection(self._target)
            except OSError:
                _break(ours)
                continue
            with self._lock:
                self._open |= {ours, theirs}
            if self._is_cut:
                self._break_all()
            for source, sink, answers in ((ours, theirs, False), (theirs, ours, True)):
                threading.Thread(target=self._pump, args=(source, sink, answers), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        frozen = False
        with suppress(OSError):
            while data := source.recv(65536):
                frozen = frozen or self._is_frozen
                if frozen:
                    continue
                if answers and self._takes_one():
                    sink.sendall(data[:HALF_AN_ANSWER])
                    break
                sink.sendall(data)
        for end in (source, sink):
            _break(end)
        with self._lock:
            self._open -= {source, sink}

    def _takes_one(self) -> bool:
        with self._lock:
            if not self._lost:
                return False
            self._lost -= 1
            self.broken += 1
            return True


def _break(end: socket.socket) -> None:
    """Close with a reset, as a lost link does when it comes back."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        end.close()
