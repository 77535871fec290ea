"""Stopping: news for many, every message that nobody asked for, or the step under way."""

from bot.dialogue import answers, opens_on, step
from bot.dialogues.menu import cancel, go_on, is_under_way, leave, menu
from bot.turn import Turn
from union.refusals import Unclear


@opens_on("stop")
def stop(turn: Turn) -> None:
    """Ask what is to stop; the step under way goes on meanwhile."""
    turn.say("stop?", ["news-off", "stop-all", "stop-step", "stop-not"])


@opens_on("news-off")
def news_off(turn: Turn) -> None:
    """Send no news for many."""
    leave(turn, "stopping")
    turn.conversation.wants_news = False
    turn.conversation.stopped_news_at = turn.now
    turn.say("stop-news-done")
    go_on(turn)


@opens_on("stop-all")
def stop_all(turn: Turn) -> None:
    """Write nothing any more that she has not asked for."""
    leave(turn, "stopping")
    stop_everything(turn)
    turn.say("stop-all-done")
    go_on(turn)


def stop_everything(turn: Turn) -> None:
    """Note that nothing is to be written any more that she has not asked for."""
    turn.conversation.wants_news = False
    turn.conversation.stopped_news_at = turn.now
    turn.conversation.stopped_all_at = turn.now


@opens_on("stop-step")
def stop_step(turn: Turn) -> None:
    """Drop what is under way: the same as "hủy"."""
    cancel(turn)


@opens_on("stop-not")
def stop_not(turn: Turn) -> None:
    """Stop nothing."""
    if is_under_way(turn):
        go_on(turn)
    else:
        menu(turn)


@opens_on("news-again", "news-on")
def news_again(turn: Turn) -> None:
    """Write again: about her matter, and news for many, to which this is her yes."""
    leave(turn, "stopping")
    turn.conversation.stopped_all_at = None
    turn.conversation.stopped_news_at = None
    turn.conversation.wants_news = True
    turn.say("news-again-done")
    go_on(turn)


@opens_on("news")
def news(turn: Turn) -> None:
    """Show the settings of messages."""
    turn.ask(
        "news-settings?",
        then=settle,
        choices=["news-on", "news-off", "stop-all", "keep", "joining"],
    )


@answers("keep")
@step
def settle(turn: Turn) -> None:
    """Keep the settings as they are."""
    if turn.choice != "keep":
        raise Unclear("error-choose?")
    leave(turn, "stopping")
    stop_not(turn)
