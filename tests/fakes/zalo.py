"""A Zalo of the tests' own: OAuth, the OpenAPI of an Official Account, the Bot Platform, people.

    python tests/fakes/zalo.py [--port P] [--seed N] [--speed X] [--keep N] [--tied]

listens on 127.0.0.1 and prints `ready PORT` when it does (0, the default, finds a free port).
`--speed` divides the waits of redelivery (30 s, 5, 15, 30, 60 min) and nothing else. `--keep`
bounds the messages of a chat (0: all). `--seed` draws all chances. `--tied` ends it when standard
input ends.

OAuth is at /v4/oa/, the OpenAPI at /v2.0/ and /v3.0/, the Bot Platform at /bot<TOKEN>/<METHOD>.
One app exists, one OA that has granted it, one bot: `zalo_client.py` names their ids and secrets.
What breaks the contract is refused as Zalo refuses it, and kept: GET /_fake/refusals is what a
test asserts to be empty.

The control API is under /_fake/, JSON in and out; a wrong request to it is 400 {"error": ...}.

People of the OA (POST /_fake/oa/..., each with "user": 17 to 19 digits as a string, and "oa": ID
where it is not the first). What opens her window is marked *.
  say* {"text", ["ago": seconds]}   press* {"title", ["message_id"]}: {"payload"} or {"opens"}
  send* {"kind": image gif video audio link sticker file location business_card, ["caption"]}
  follow* {["source"]}   unfollow   chatnow*   see   react   refuse {"templates": bool}
  withdraw {["shape": sender, follower]}   staff {"text"}: by hand, an echo with admin_id
  submit {"name", "phone", ["shape": old], ["forged"]}: only when she was asked
  other {"event": add_user_to_tag ..}   raw {"event"}: signed as any other
  crowd {"users": [..], ["ago"]}: followers, without events
People of the bot (POST /_fake/bot/..., "user": 20 hexadecimals)
  say {"text"}   send {"kind": image sticker voice unsupported}   raw   crowd
  group {"group", "user", "text", ["mentions": false]}
GET /_fake/oa/chat/USER, /_fake/bot/chat/ID -> {"change", "found", "messages": [{"message_id",
    "from_bot", "kind", "text", "buttons", "attachment", "paid", "at", "change"}], "last_at",
    "is_follower"}; ?after=CHANGE: only newer ones. ?wait=S[&contains=TEXT] answers once that was
    said, which is then `found`, or after S seconds.

GET  /_fake/log[?after=SEQ] -> {"log": [{"seq", "at", "answered_at", "call", "account", "user",
    "kind", "names", "hash", "paid", "error", "status", "outcome", "message_id"}], "now"}: `call`
    is cs, template, message, user/detail, upload/image .., exchange, refresh, or a bot's method;
    `account` the OA of the token or the bot's name; `outcome` accepted, refused or the fault.
GET  /_fake/refusals -> {"refusals": [{"seq", "call", "error", "why"}]}, without ordered ones
GET  /_fake/stats   GET /_fake/hook   GET /_fake/idle?wait=S: no event waits
GET  /_fake/tokens -> the live pair, "issued", "access_works", "refresh_works"
POST /_fake/expire: the access token is too old. /_fake/revoke: consent is taken back.
POST /_fake/consent -> {"code", "oa_id"}   POST /_fake/app {"redirect_uri", "challenge", "secret"}
POST /_fake/clock {"by": seconds} or {"to": Unix time}: windows, tokens, uploads, retries
POST /_fake/webhook {"url"}; without url it is switched on again. /_fake/route {"prefix", "to"}
POST /_fake/verify {"url", "code"}: the console looks for the domain's file and mark
POST /_fake/oas {"id", "secret"}   /_fake/bots {"token", "name"}   /_fake/reset

POST /_fake/faults sets the named ones (null turns one off); DELETE clears all. An order is how
many calls (3), a chance (0.1), or {"next" | "chance", "calls": [..] ("*": all; default: sends,
for -14... refresh), "users": [..], "seconds"}. The contract is checked first all the same.
  "-216", "-32", "-201", "-230", "-14014" ..: this number; "429", "403", "503" ..: this status,
  for the bot this error_code. "html": 502 with a page. "reset_before", "hang": nothing happened.
  "reset_after", "timeout_after", "cut_answer", "slow": it happened, the answer is lost or late.
  "no_refresh_token": a refresh answers without one, and the old one goes on.
Settings: "latency_ms", "limit" {"per_second", "per_minute"}, "paid_left", "hold", "duplicate",
  "reorder", "lose_answer" (chances), "webhook_timeout", "num_retry", "echoes", "receipts",
  "signature": right wrong missing upper bare; "old_token_lives", "echo_state", "media_buttons",
  "only_pdf", "uploads" (a month), "wrapper": true false mixed; "photo_field",
  "bot_status": 200 or same; "plan" {"users", "messages", "groups"}.
"""

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    # This folder must not be searched: its names would hide those of libraries.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

    from fakes.zaloapi.server import serve

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=1.0, help="of redelivery")
    parser.add_argument("--keep", type=int, default=0, help="messages kept per chat; 0: all")
    parser.add_argument("--tied", action="store_true", help="end with standard input")
    chosen = parser.parse_args()
    serve(chosen.port, chosen.seed, chosen.speed, chosen.keep, tied=chosen.tied)
