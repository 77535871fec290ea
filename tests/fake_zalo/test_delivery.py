"""Events reach a webhook as from Zalo: two seconds, five retries, then it is switched off."""

import itertools
import threading
import time

import httpx
import pytest
from fakes.hook import until
from fakes.zalo_calls import LAN, TUNG


class TestLadder:
    @pytest.mark.parametrize("status", [500, 302, 404, 204])
    def test_what_is_not_taken_comes_again(self, zalo, hook, status) -> None:
        """Anything but 200 brings the same bytes again, with num_retry in the header."""
        zalo.connect(hook.url)
        hook.answer = lambda heard: status if len(hook.heard) < 3 else 200
        zalo.say(LAN, "a")
        zalo.wait_taken()
        assert [one["headers"].get("num_retry") for one in hook.heard] == [None, "1", "2"]
        assert len({one["raw"] for one in hook.heard}) == 1
        assert zalo.hook()["redelivered"] == 2

    @pytest.mark.parametrize("refused", [3, pytest.param(4, marks=pytest.mark.long)])
    def test_the_waits(self, zalo, hook, refused) -> None:
        """30 s, 5, 15 and 30 min, here a thousand times as fast."""
        zalo.connect(hook.url)
        hook.answer = lambda heard: 200 if len(hook.heard) > refused else 500
        zalo.say(LAN, "a")
        zalo.wait_taken()
        times = [one["at"] for one in hook.heard]
        waits = [after - before for before, after in itertools.pairwise(times)]
        for wait, least in zip(waits, (0.03, 0.3, 0.9, 1.8)[:refused], strict=True):
            assert least * 0.95 < wait < least + 0.5

    def test_the_clock_moves_retries(self, zalo, hook) -> None:
        """When the fake's clock is moved, what waited for it comes at once."""
        zalo.connect(hook.url)
        hook.answer = lambda heard: 500
        zalo.say(LAN, "a")
        for number in range(1, 6):
            hook.wait(number)
            zalo.move_clock(hours=1)
        until(lambda: not zalo.hook()["is_on"], "it was not switched off")

    def test_then_it_is_switched_off(self, zalo, hook) -> None:
        """After the last retry nothing is delivered and all is lost until it is switched on."""
        zalo.connect(hook.url)
        before = zalo.hook()["lost"]
        hook.answer = lambda heard: 500
        zalo.say(LAN, "a")
        until(lambda: len(hook.heard) == 1, "the first try")
        for number in range(2, 7):
            zalo.move_clock(hours=1)
            hook.wait(number)
        until(lambda: not zalo.hook()["is_on"], "it was not switched off")
        hook.answer = lambda heard: 200
        zalo.say(LAN, "b")
        zalo.wait_taken()
        assert len(hook.heard) == 6
        assert zalo.hook()["lost"] == before + 2
        zalo.switch_on()
        zalo.say(LAN, "c")
        zalo.wait_taken()
        assert hook.events()[-1]["message"]["text"] == "c"

    def test_two_seconds(self, zalo, hook) -> None:
        """An answer that takes longer is none, although it was 200."""
        zalo.connect(hook.url)
        hook.answer = lambda heard: time.sleep(2.3 if len(hook.heard) == 1 else 0) or 200
        zalo.say(LAN, "a")
        zalo.wait_taken()
        assert len(hook.heard) == 2
        assert 1.9 < hook.heard[1]["at"] - hook.heard[0]["at"] < 2.5

    def test_nobody_listens(self, zalo, hook) -> None:
        """Events survive a webhook that is not there for a while."""
        zalo.connect(hook.url)
        hook.shutdown()
        hook.server_close()
        zalo.say(LAN, "a")
        until(lambda: zalo.hook()["failed"] >= 2, "two tries")
        assert zalo.hook()["is_on"]


class TestOrder:
    def test_one_persons_events_set_out_in_order(self, zalo, hook) -> None:
        """The next leaves when the one before was tried; one that fails holds up no other."""
        zalo.connect(hook.url)
        failed = []

        def answer(heard: dict) -> int:
            if heard["event"]["message"]["text"] == "1" and not failed:
                failed.append(1)
                return 500
            return 200

        hook.answer = answer
        for number in range(4):
            zalo.say(LAN, str(number))
        zalo.wait_taken()
        assert [one["message"]["text"] for one in hook.events()] == ["0", "1", "2", "3", "1"]

    def test_people_do_not_wait_for_each_other(self, zalo, hook) -> None:
        """Events of different people go side by side."""
        zalo.connect(hook.url)
        both = threading.Barrier(2, timeout=1.5)
        hook.answer = lambda heard: both.wait() * 0 + 200
        zalo.faults(hold=True)
        zalo.say(LAN, "a")
        zalo.say(TUNG, "b")
        assert hook.heard == []
        zalo.faults(hold=False)
        zalo.wait_taken()
        assert zalo.hook()["accepted"] == 2

    def test_duplicates_and_lost_answers(self, zalo, hook) -> None:
        """An event that was taken comes again, by mistake or because the answer was lost."""
        zalo.connect(hook.url)
        zalo.faults(duplicate=1.0)
        zalo.say(LAN, "a")
        hook.wait(3)
        zalo.faults(duplicate=0.0)
        zalo.wait_taken()
        assert len({one["raw"] for one in hook.heard}) == 1
        came = len(hook.heard)
        zalo.faults(lose_answer=1.0)
        zalo.say(LAN, "b")
        hook.wait(came + 2)
        zalo.faults(lose_answer=0.0)
        zalo.wait_taken()
        assert hook.heard[-1]["headers"]["num_retry"]

    def test_reordering(self, zalo, hook) -> None:
        """Events of one person overtake each other when told."""
        zalo.connect(hook.url)
        zalo.faults(reorder=0.5)
        for number in range(12):
            zalo.say(LAN, str(number))
        zalo.wait_taken()
        came = [int(one["message"]["text"]) for one in hook.events()]
        assert sorted(came) == list(range(12))
        assert came != sorted(came)


class TestConsole:
    @pytest.mark.parametrize(
        "url",
        [
            "http://ketdoan.example/zalo",
            "https://ketdoan.example:8443/zalo",
            "https://203.0.113.7/zalo",
            "ftp://ketdoan.example/",
        ],
    )
    def test_where_a_webhook_can_be(self, zalo, url) -> None:
        """Only https, on a name, without a port."""
        zalo.route("https://ketdoan.example", "http://127.0.0.1:1")
        with pytest.raises(AssertionError, match="https on a verified domain"):
            zalo.connect(url)
        zalo.connect("https://ketdoan.example/zalo")

    def test_an_address_is_led_here(self, zalo, hook) -> None:
        """A webhook of a domain is delivered on this machine, under its own name."""
        zalo.route("https://ketdoan.example", hook.url.removesuffix("/zalo"))
        zalo.connect("https://ketdoan.example/zalo")
        zalo.say(LAN, "a")
        zalo.wait_taken()
        assert hook.heard[0]["headers"]["host"] == "ketdoan.example"

    def test_a_domain_is_verified(self, zalo) -> None:
        """The console finds the file at the root or the mark in the home page, or neither."""
        said = self.site({"/zalo_verifierABC.html": b"there"})
        told = zalo.ask("POST", "verify", {"url": said, "code": "ABC"})
        assert (told["by_file"], told["by_meta"]) == (True, False)
        mark = b'<head><meta name="zalo-platform-site-verification" content="ABC" /></head>'
        said = self.site({"/": mark})
        told = zalo.ask("POST", "verify", {"url": said, "code": "ABC"})
        assert (told["by_file"], told["by_meta"]) == (False, True)
        told = zalo.ask("POST", "verify", {"url": said, "code": "XYZ"})
        assert (told["by_file"], told["by_meta"]) == (False, False)

    def site(self, pages: dict[str, bytes]) -> str:
        """A small web site."""
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = pages.get(self.path)
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.sites = [*getattr(self, "sites", []), server]
        return f"http://127.0.0.1:{server.server_port}"

    @pytest.fixture(autouse=True)
    def closed(self):
        yield
        for server in getattr(self, "sites", []):
            server.shutdown()
            server.server_close()

    def test_no_webhook_nothing_heard(self, zalo) -> None:
        """Without a webhook events are lost, as at the real one."""
        zalo.say(LAN, "a")
        assert zalo.hook()["lost"] >= 1
        assert httpx.get(f"{zalo.url}/_fake/nothing").status_code == 400
