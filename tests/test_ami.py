"""ivr.ami without a PBX; against a real one it is tested in tests/pbx/test_watcher.py."""

import queue
import socket
import threading

import pytest

from ivr.ami import Account, AmiError, Watcher


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_a_pbx_that_is_away_is_lost_and_no_error(closed_port: int) -> None:
    """Starting before the PBX is no error: the state says lost, the trouble says why."""
    with Watcher(Account("hotline", "secret", port=closed_port), retry_s=0.01) as watcher:
        assert not watcher.wait_booted(0.05)
        assert watcher.state == "lost"
        assert watcher.trouble
        with pytest.raises(AmiError, match="not connected"):
            watcher.send_action("Ping")


@pytest.mark.parametrize("value", ["x\r\nAction: Originate", "x\ny", "x\r"])
def test_a_line_break_never_reaches_the_wire(closed_port: int, value: str) -> None:
    """A value that would smuggle in a second action is refused, in names, keys and values."""
    watcher = Watcher(Account("hotline", "secret", port=closed_port))
    with pytest.raises(ValueError, match="line break"):
        watcher.send_action("Ping", ActionID=value)
    with pytest.raises(ValueError, match="line break"):
        watcher.send_action(value)
    with pytest.raises(ValueError, match="line break"):
        watcher.send_action("Ping", **{value: "x"})


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-x\r\n", b"\xff\xfe\r\n\r\n"])
def test_a_peer_that_is_no_pbx_is_tried_again(greeting: bytes) -> None:
    """A stranger on the port, silent or talking, ends the link; the watcher then tries again."""
    visits: queue.Queue[int] = queue.Queue()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for n in range(2):
                link, _ = listener.accept()
                with link:
                    link.sendall(greeting)
                visits.put(n)

        stranger = threading.Thread(target=serve)
        stranger.start()
        port = listener.getsockname()[1]
        with Watcher(Account("hotline", "secret", port=port), retry_s=0.01) as watcher:
            assert [visits.get(timeout=30), visits.get(timeout=30)] == [0, 1]
            assert watcher.state == "lost"
        stranger.join()
