"""A Telegram of the tests' own: Bot API, long polling, webhooks, people who write and tap.

    python tests/fakes/telegram.py [--port P] [--seed N] [--speed X] [--log-limit N]

listens on 127.0.0.1 and prints one line when it does: `ready`, or `ready PORT` when it was asked
to find a free one (port 0, the default). `--speed` divides the waits of redelivery (2, 4, 8 .. s
up to 60-120 s; a connection each 2 s while nothing succeeds) and the `Retry-After` of a webhook's
answer, and nothing else. `--log-limit` bounds the arrival log, `--keep` the messages of a chat (0:
everything is kept). `--seed` draws all chances. `--tied` ends it when standard input ends.

The Bot API is at /bot<token>/<METHOD>, form, multipart or JSON, with the real server's refusals.
One bot exists from the start: token `123456:TEST-TOKEN-ketdoan_test_bot-000000`, username
ketdoan_test_bot. A webhook may be plain http on this machine, as a local Bot API server allows.

The control API is under /_/, JSON in and out. A wrong request to it is 400 {"error": ...}. Each
request about people may carry "bot": TOKEN; without it the first bot is meant. Chats of people
are their user ids, up to 52 bits.

People (all POST; each answers {"update_id", "message_id" or "callback_query_id"})
  /_/say {"chat", "text", ["language_code"], ["first_name"], ["last_name"], ["username"],
      ["entities"], ["date"]: seconds of Unix time, for a message of last week}
      a private message; a leading /command gets its bot_command entity. Makes the person known.
  /_/start {"chat", ["payload"]}: the deep link t.me/<bot>?start=<payload> ([A-Za-z0-9_-]{1,64})
  /_/tap {"chat", "data" | "label", ["message_id"], ["inaccessible": bool], ["from"]}
      a callback query: of the newest message with that button; data without any such button is
      sent all the same (a forged one), from the newest message of the bot.
  /_/contact {"chat", "phone", "own": bool, ["user_id"]}: own false is a card without owner or
      with that user_id of somebody else
  /_/media {"chat", "kind": photo voice document sticker location video ..., ["caption"]}
  /_/photo {"chat", ["caption"]}
  /_/edit {"chat", "message_id", "text"}: she edits what she wrote (edited_message)
  /_/block {"chat"}, /_/unblock {"chat"}: with the my_chat_member update of it
  /_/group {"chat": negative, "text", ["from"], ["title"]}: a message in a (super)group
  /_/channel {"chat": negative, "text", ["title"]}: a channel_post
  /_/migrate {"chat", "to"}: a group becomes a supergroup; sends to the old id say so
  /_/raw {an update without update_id}: queued as it is, of whatever kind
  /_/crowd {"chats": [ids]} or {"first", "count"}: people who started the bot earlier, no updates
  /_/jump {"to"}: the next update has this number, as after a week of silence

What was said
  GET /_/chat/ID -> {"chat", "blocked", "keyboard", "messages": [{"message_id", "from_bot", "kind",
      "text", "entities", "buttons": [[{"text", "callback_data" | "url"}]], "reply_keyboard":
      [[{"text", ["request_contact"]}]] | null, "remove_keyboard", "edited", "protect_content",
      "date", "file": {"name", "size", "sha256"} | null, "change"}], "found", "change"}; deleted
      ones are gone. Every new or edited message takes the bot's next `change`; what people do
      answers the newest one. ?after=CHANGE: only newer ones. ?wait=S[&contains=TEXT]: answers
      once the bot said or edited something with that text, which is then `found`, or after S
      seconds.
  GET /_/idle?wait=S -> {"idle"}: waits until no update waits any more
  GET /_/answers -> {"answers": [{"callback_query_id", "text", "show_alert", "chat"}]}
  GET /_/log[?after=SEQ][&limit=N] -> {"log": [{"seq", "at", "answered_at", "bot", "method", "chat",
      "status", "outcome", "hash", "names", "flood", "in_flood", "message_id",
      "in_answer": came in a webhook's answer}], "dropped", "now"}; `at`
      and `answered_at` are monotonic seconds of this machine, `hash` 16 hexadecimals of sha256
      over the text, `names` the parameters' names, `outcome` accepted, refused, or the fault's
      name; `flood` null, "early" (sent before a 429's time was over) or "in_flight".
  GET /_/stats -> {"sends", "accepted", "refused", "over_limit", "answered_429",
      "early_after_429": sends of the bot before the time of any of its 429s was over,
      "early_in_scope": those that the 429's own scope covers (the bot, or the one chat),
      "in_flight_at_429": arrived before the 429 was answered or within grace_ms of that,
      "duplicates_sent": accepted with chat and text of an earlier accepted one,
      "busiest_second": the most accepted sends in the second before any send,
      "closest_in_chat": seconds between the closest two accepted sends to one chat, "methods": {name: calls}, "pending": updates not yet taken,
      "webhook": {"requests", "accepted", "refused", "broken", "redelivered", "duplicates",
      "expired", "methods_in_answers", "removed"}, "polls"}

Faults: GET /_/faults; POST /_/faults sets the named ones (null turns one off); DELETE clears all.
  "429", "403", "500", "html_502", "reset_before", "reset_after", "hang": a chance 0..1, or
      {"chance", "next": how many, "methods": [..] ("*": all; default: sends), "chats": [..]};
      "429" also {"retry_after": seconds or [low, high], "scope": "bot" | "chat"}, "500" also
      {"description"}. reset_after: the message is recorded as delivered, then the socket is cut.
      hang: not recorded, never answered.
      For polling take "reset_after" with methods ["getUpdates"]: its answer is lost on the way.
  "latency_ms": N or [low, high] before every answer of the Bot API
  "limit": {"per_second", ["burst"], ["chat_seconds"], ["chat_burst"], ["kind": bucket | window],
      ["retry_after"], ["enforce": false: only count]}: a rate that is enforced with 429
  "grace_ms": requests of this many ms after a 429 count as in flight (default 100)
  "callbacks_too_old": true: answerCallbackQuery is late
  "hold": true: no update leaves, by webhook or polling, until it is false
  "duplicate": chance that a delivered update is delivered once more later
  "reorder": chance that an update waits behind later ones of other people (not of its own key)
  "lose_answer": chance that a webhook's connection is cut by us after it was sent whole; the
      update comes again (as after a timeout)
  "webhook_timeout": seconds until a webhook's answer is given up (default 60)
  "expiry": {"message": seconds (86400), "callback": seconds (150)}, "gone_after": seconds (82800)
POST /_/route {"prefix": "https://ketdoan.example", "to": "http://127.0.0.1:P"}: where webhooks
      with an address that begins so are delivered instead; nothing else leaves this machine.
POST /_/bots {"token", "username"} -> {"id", "username"}
POST /_/reset: everything forgotten but the first bot.  POST /_/retry: webhooks retry at once.
"""

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    # This folder must not be searched: its telegram.py would hide the library of that name.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

    from fakes.botapi.server import serve

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=1.0, help="of redelivery")
    parser.add_argument("--log-limit", type=int, default=0, help="arrivals kept; 0: all")
    parser.add_argument("--keep", type=int, default=0, help="messages kept per chat; 0: all")
    parser.add_argument("--tied", action="store_true", help="end with standard input")
    chosen = parser.parse_args()
    serve(chosen.port, chosen.seed, chosen.speed, chosen.log_limit, chosen.keep, chosen.tied)
