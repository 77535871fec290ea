"""Files, profiles and the OA itself: types, sizes, seven days, and who may be looked at."""

import json

import httpx
import pytest
from fakes.zalo_calls import LAN, TUNG, call, cs, good, pictured, refresh
from fakes.zalo_client import OA_ID, oa_user

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff" + bytes(40)


def upload(zalo, kind, name, content, field="file", **more) -> dict:
    return call(zalo, f"/v2.0/oa/upload/{kind}", files={field: (name, content)}, **more)


class TestUploads:
    @pytest.mark.parametrize(
        ("kind", "name", "content"),
        [
            ("image", "a.png", b"no picture"),
            ("image", "a.gif", b"GIF89a"),
            ("image", "a.pdf", PNG),
            ("image", "a.png", b""),
            ("image", "a.jpg", JPEG + bytes(1_000_000)),
            ("gif", "a.png", PNG),
            ("gif", "a.gif", b"GIF89a" + bytes(5_000_000)),
            ("file", "a.exe", b"MZ"),
            ("file", "a.pdf", b"no paper"),
            ("file", "a.pdf", b"%PDF" + bytes(5_000_000)),
        ],
    )
    def test_what_is_not_taken(self, zalo, kind, name, content) -> None:
        """A file of another type, with false content, or too large is -201."""
        assert upload(zalo, kind, name, content)["error"] == -201
        assert [one["call"] for one in zalo.refusals()] == [f"upload/{kind}"]

    def test_the_part_is_named_file(self, zalo) -> None:
        """A part with another name, or no multipart request, is -201."""
        assert upload(zalo, "image", "a.png", PNG, field="image")["error"] == -201
        assert call(zalo, "/v2.0/oa/upload/image", {"file": "x"})["error"] == -201
        assert upload(zalo, "image", "a.png", PNG, data={"more": "x"})["error"] == -201

    def test_an_upload_can_be_sent_for_seven_days(self, zalo) -> None:
        """A picture, a moving one and a paper are sent under the names they got; then -100."""
        picture = good(upload(zalo, "image", "a.png", PNG))["attachment_id"]
        moving = good(upload(zalo, "gif", "a.gif", b"GIF89a"))["attachment_id"]
        paper = good(upload(zalo, "file", "đơn.pdf", b"%PDF"))["token"]
        wave = {"media_type": "gif", "width": 9, "height": 9, "attachment_id": moving}
        still = pictured({"media_type": "image", "attachment_id": picture})
        for message in (
            still,
            pictured(wave),
            {"attachment": {"type": "file", "payload": {"token": paper}}},
        ):
            good(cs(zalo, message))
        mixed = pictured({**wave, "attachment_id": picture})
        assert cs(zalo, mixed)["error"] == -201
        zalo.move_clock(days=7, seconds=1)
        zalo.say(LAN, "a")
        token = refresh(zalo, zalo.tokens()["refresh_token"])["access_token"]
        assert cs(zalo, still, token=token)["error"] == -100

    def test_another_oas_upload(self, zalo) -> None:
        """What one OA uploaded another can not send."""
        zalo.ask("POST", "oas", {"id": "9990000000000000001", "secret": "s"})
        other = "AT_9990000000000000001"
        zalo.do("follow", LAN, oa="9990000000000000001")
        name = good(upload(zalo, "image", "a.png", PNG))["attachment_id"]
        still = pictured({"media_type": "image", "attachment_id": name})
        assert cs(zalo, still, token=other)["error"] == -201

    def test_only_pdf_passes_when_told(self, zalo) -> None:
        """One report says that documents and tables are refused."""
        good(upload(zalo, "file", "a.docx", b"PK\x03\x04"))
        zalo.faults(only_pdf=True)
        assert upload(zalo, "file", "a.docx", b"PK\x03\x04")["error"] == -201

    def test_so_many_a_month(self, zalo) -> None:
        """Beyond them it is -210 until the month is over."""
        zalo.faults(uploads=1)
        good(upload(zalo, "image", "a.png", PNG))
        assert upload(zalo, "image", "a.png", PNG)["error"] == -210
        zalo.move_clock(days=31)
        token = refresh(zalo, zalo.tokens()["refresh_token"])["access_token"]
        good(upload(zalo, "image", "a.png", PNG, token=token))

    def test_a_torn_body(self, zalo) -> None:
        """A body that says it is multipart and is not is -201."""
        headers = {
            "access_token": zalo.tokens()["access_token"],
            "content-type": "multipart/form-data; boundary=x",
        }
        for body in (b"--y", b"--x\r\nnonsense", b""):
            url = f"{zalo.url}/v2.0/oa/upload/image"
            told = httpx.post(url, content=body, headers=headers).json()
            assert told["error"] == -201
        assert {one["error"] for one in zalo.refusals()} == {-201}


class TestProfiles:
    def detail(self, zalo, given) -> dict:
        return call(zalo, "/v3.0/oa/user/detail", params={"data": json.dumps(given)})

    def test_a_followers_profile(self, zalo) -> None:
        """A follower has a name, one who only wrote is -213, a stranger -201."""
        told = good(self.detail(zalo, {"user_id": oa_user(LAN)}))
        assert told["display_name"]
        assert told["user_is_follower"] is True
        assert told["user_id_by_app"] != told["user_id"]
        zalo.say(TUNG, "a")
        assert self.detail(zalo, {"user_id": oa_user(TUNG)})["error"] == -213
        assert self.detail(zalo, {"user_id": oa_user(77)})["error"] == -201

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"user_id": oa_user(LAN)},
            {"data": "{"},
            {"data": "[]"},
            {"data": json.dumps({"user_id": int(oa_user(LAN))})},
            {"data": json.dumps({"user_id": oa_user(LAN), "fields": "name"})},
            {"data": json.dumps({"user_id": oa_user(LAN)}), "more": "x"},
        ],
    )
    def test_parameters_stand_in_data(self, zalo, query) -> None:
        """The one query parameter is `data`, and holds JSON."""
        assert call(zalo, "/v3.0/oa/user/detail", params=query)["error"] == -201

    def test_lists(self, zalo) -> None:
        """Fifty at once, up to the 9,951st."""

        def listed(**given) -> dict:
            return call(zalo, "/v3.0/oa/user/getlist", params={"data": json.dumps(given)})

        zalo.crowd(1, 60)
        zalo.say(TUNG, "a")
        told = good(listed(offset=0, count=50, is_follower="true"))
        assert (told["total"], len(told["users"])) == (61, 50)
        assert good(listed(offset=50, count=50))["total"] == 62
        for wrong in (
            {"offset": 0, "count": 51},
            {"offset": 9952, "count": 1},
            {"offset": "0", "count": 1},
            {"offset": 0, "count": 1, "is_follower": True},
        ):
            assert listed(**wrong)["error"] == -201

    def test_the_oa_itself(self, zalo) -> None:
        """What getoa answers names it; the quota names when she did something last."""
        assert good(call(zalo, "/v2.0/oa/getoa"))["oa_id"] == OA_ID
        zalo.move_clock(hours=5)
        told = good(call(zalo, "/v3.0/oa/quota/message", {"user_id": oa_user(LAN)}))
        assert told["last_interaction"].isdigit()
        assert zalo.view(LAN)["last_at"] * 1000 - int(told["last_interaction"]) < 1
