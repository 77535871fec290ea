"""Tokens: a refresh token works once, an old access token stops, errors are HTTP 200."""

import httpx
import pytest
from fakes.zalo_calls import call, exchange, good, oauth, refresh
from fakes.zalo_client import ACCESS, APP_ID, APP_SECRET, OA_ID, REFRESH
from fakes.zaloapi.signing import challenge

VERIFIER = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
BACK = "https://ketdoan.example/zalo/callback"


class TestRefresh:
    def test_a_new_pair(self, zalo) -> None:
        """A refresh gives two new tokens; how long the first works is a string of seconds."""
        told = refresh(zalo, REFRESH)
        assert set(told) == {"access_token", "refresh_token", "expires_in"}
        assert told["expires_in"] == "90000"
        assert told["access_token"] != ACCESS
        assert told["refresh_token"] != REFRESH
        live = zalo.tokens()
        assert live["access_token"] == told["access_token"]
        assert live["issued"] == 1

    def test_a_refresh_token_works_once(self, zalo) -> None:
        """The second use is -14014, and the pair of the first use lives on."""
        first = refresh(zalo, REFRESH)
        assert refresh(zalo, REFRESH)["error"] == -14014
        assert zalo.tokens()["access_token"] == first["access_token"]
        assert "access_token" in refresh(zalo, first["refresh_token"])

    def test_the_old_access_token_stops(self, zalo) -> None:
        """It is -216 from the moment a new one was issued, unless the fake is told otherwise."""
        good(call(zalo, "/v2.0/oa/getoa", token=ACCESS))
        told = refresh(zalo, REFRESH)
        assert call(zalo, "/v2.0/oa/getoa", token=ACCESS)["error"] == -216
        zalo.faults(old_token_lives=True)
        refresh(zalo, told["refresh_token"])
        good(call(zalo, "/v2.0/oa/getoa", token=told["access_token"]))

    def test_tokens_grow_old(self, zalo) -> None:
        """An access token works 25 hours, a refresh token three months."""
        zalo.move_clock(hours=24.9)
        good(call(zalo, "/v2.0/oa/getoa", token=ACCESS))
        zalo.move_clock(hours=0.2)
        assert call(zalo, "/v2.0/oa/getoa", token=ACCESS)["error"] == -216
        zalo.move_clock(days=91)
        assert refresh(zalo, REFRESH)["error"] == -14014

    def test_consent_is_taken_back(self, zalo) -> None:
        """Then the access token is -220 and the refresh token -14014."""
        zalo.revoke()
        assert call(zalo, "/v2.0/oa/getoa", token=ACCESS)["error"] == -220
        assert refresh(zalo, REFRESH)["error"] == -14014

    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"app_id": "9988776655443322110"}, -14002),
            ({"secret": "oaSecretDemo0001"}, -14004),
            ({"grant_type": "client_credentials"}, -14018),
            ({"refresh_token": "RT_none"}, -14014),
            ({"refresh_token": ""}, -14014),
            ({"code_verifier": VERIFIER}, -14018),
        ],
    )
    def test_a_wrong_request(self, zalo, changed, error) -> None:
        """A wrong app, secret, kind, token or field is refused in Zalo's numbers, and kept."""
        asked = {"grant_type": "refresh_token", "refresh_token": REFRESH, **changed}
        told = oauth(zalo, **asked)
        assert told["error"] == error
        assert {"error_name", "error_reason", "error_description", "ref_doc"} <= set(told)
        assert [one["error"] for one in zalo.refusals()] == [error]
        assert zalo.tokens()["refresh_token"] == REFRESH

    def test_only_a_form_is_taken(self, zalo) -> None:
        """JSON, or the secret among the fields, is no request for tokens."""
        asked = {"app_id": APP_ID, "grant_type": "refresh_token", "refresh_token": REFRESH}
        url = f"{zalo.url}/v4/oa/access_token"
        told = httpx.post(url, json=asked, headers={"secret_key": APP_SECRET}).json()
        assert told["error"] == -14002
        told = httpx.post(url, data={**asked, "secret_key": APP_SECRET}).json()
        assert told["error"] == -14004
        assert httpx.get(url, params=asked, headers={"secret_key": APP_SECRET}).json()["error"]


class TestConsent:
    def test_a_code_becomes_a_pair_once(self, zalo) -> None:
        """A code works once."""
        code = zalo.consent()
        assert exchange(zalo, code)["expires_in"] == "90000"
        assert exchange(zalo, code)["error"] == -14005
        assert exchange(zalo, "none")["error"] == -14005

    def test_a_new_consent_replaces_the_old_pair(self, zalo) -> None:
        """After an exchange neither token of the pair before works."""
        exchange(zalo, zalo.consent())
        assert call(zalo, "/v2.0/oa/getoa", token=ACCESS)["error"] == -216
        assert refresh(zalo, REFRESH)["error"] == -14014

    def test_a_code_is_young(self, zalo) -> None:
        """After ten minutes it is -14005."""
        code = zalo.consent()
        zalo.move_clock(seconds=601)
        assert exchange(zalo, code)["error"] == -14005

    @pytest.mark.parametrize(
        ("verifier", "error"),
        [
            (VERIFIER, None),
            (None, -14005),
            (VERIFIER[:-1] + "R", -14005),
            (VERIFIER + "R", -14005),
            ("", -14005),
        ],
    )
    def test_the_verifier_of_the_consoles_challenge(self, zalo, verifier, error) -> None:
        """With a challenge in the console, its verifier of 43 characters must come along."""
        code = zalo.consent(challenge=challenge(VERIFIER))
        more = {} if verifier is None else {"code_verifier": verifier}
        assert exchange(zalo, code, **more).get("error") == error

    def test_a_verifier_of_another_length(self, zalo) -> None:
        """It has 43 characters, even where it fits its challenge."""
        long = "Z" * 44
        code = zalo.consent(challenge=challenge(long))
        assert exchange(zalo, code, code_verifier=long)["error"] == -14005

    def test_the_browser_is_led_back(self, zalo) -> None:
        """Consent leads to the saved address with code and oa_id; `state` does not come back."""
        asked = {"app_id": APP_ID, "redirect_uri": BACK, "state": "s", "code_challenge": "x"}
        page = f"{zalo.url}/v4/oa/permission"
        there = httpx.get(page, params=asked)
        led = httpx.URL(there.headers["location"])
        assert there.status_code == 302
        assert str(led).startswith(f"{BACK}?")
        assert set(led.params) == {"code", "oa_id"}
        assert led.params["oa_id"] == OA_ID
        wrong = {**asked, "redirect_uri": "https://other.example/"}
        assert httpx.get(page, params=wrong).json()["error"] == -14003
        wrong = {**asked, "app_id": "1"}
        assert httpx.get(page, params=wrong).json()["error"] == -14002

    def test_a_pair_made_anew_does_not_fit_the_consoles(self, zalo) -> None:
        """The challenge that the console holds counts, not the one in the link."""
        zalo.ask("POST", "app", {"challenge": challenge(VERIFIER)})
        other = "Z" * 43
        asked = {"app_id": APP_ID, "redirect_uri": BACK, "code_challenge": challenge(other)}
        there = httpx.get(f"{zalo.url}/v4/oa/permission", params=asked)
        code = httpx.URL(there.headers["location"]).params["code"]
        assert exchange(zalo, code, code_verifier=other)["error"] == -14005
        assert "access_token" in exchange(zalo, code, code_verifier=VERIFIER)


class TestWhatGoesWrong:
    def test_an_answer_without_a_refresh_token(self, zalo) -> None:
        """Then the old one goes on working."""
        zalo.faults(no_refresh_token=1)
        told = refresh(zalo, REFRESH)
        assert set(told) == {"access_token", "expires_in"}
        assert zalo.tokens()["refresh_token"] == REFRESH
        assert "refresh_token" in refresh(zalo, REFRESH)

    def test_an_answer_that_is_cut(self, zalo) -> None:
        """The pair has changed, and half of it was told."""
        zalo.faults(cut_answer={"next": 1, "calls": ["refresh"]})
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            refresh(zalo, REFRESH)
        assert zalo.tokens()["issued"] == 1
        assert refresh(zalo, REFRESH)["error"] == -14014

    @pytest.mark.parametrize(
        ("name", "issued"),
        [("hang", 0), ("reset_before", 0), ("timeout_after", 1), ("reset_after", 1)],
    )
    def test_an_answer_that_never_comes(self, zalo, name, issued) -> None:
        """Before it was done or after: the app can not tell, the fake can."""
        zalo.faults(**{name: {"next": 1, "calls": ["refresh"]}})
        asked = {"app_id": APP_ID, "grant_type": "refresh_token", "refresh_token": REFRESH}
        with pytest.raises((httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError)):
            httpx.post(
                f"{zalo.url}/v4/oa/access_token",
                data=asked,
                headers={"secret_key": APP_SECRET},
                timeout=0.3,
            )
        assert zalo.tokens()["issued"] == issued
        assert ("access_token" in refresh(zalo, REFRESH)) is (issued == 0)
        assert zalo.log(call="refresh")[0]["outcome"] == name

    def test_ordered_numbers_and_slowness(self, zalo) -> None:
        """-14014, a page of a gateway and a slow answer come as often as ordered; none is kept."""
        zalo.faults(**{"-14014": 1, "html": {"next": 1, "calls": ["refresh"]}})
        zalo.faults(slow={"next": 1, "calls": ["refresh"], "seconds": 0.1})
        assert refresh(zalo, REFRESH)["error"] == -14014
        with pytest.raises(AssertionError):
            refresh(zalo, REFRESH)
        assert "access_token" in refresh(zalo, REFRESH)
        last = zalo.log(call="refresh")[-1]
        assert last["answered_at"] - last["at"] > 0.09
        assert zalo.refusals() == []
