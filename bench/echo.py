"""The baseline: a bare FastAPI application with aiogram that answers a tap with a method.

It keeps nothing and asks nothing; its garbage collector is frozen like ours.
"""

import gc
import sys
from typing import Any

import uvicorn
from aiogram import Bot, Dispatcher
from aiogram.methods import SendMessage
from aiogram.methods.base import TelegramMethod
from aiogram.types import CallbackQuery, Message
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

PATH = "/telegram"


def make(token: str) -> FastAPI:
    """Return the application."""
    bot, dispatcher = Bot(token), Dispatcher()

    @dispatcher.callback_query()
    async def tapped(tap: CallbackQuery) -> SendMessage:
        return SendMessage(chat_id=tap.from_user.id, text=tap.data or "")

    @dispatcher.message()
    async def said(message: Message) -> SendMessage:
        return SendMessage(chat_id=message.chat.id, text=message.text or "")

    app = FastAPI()

    @app.post(PATH)
    async def update(request: Request) -> Response:
        answer: Any = await dispatcher.feed_webhook_update(bot, await request.json())
        if not isinstance(answer, TelegramMethod):
            return Response()
        method = {"method": answer.__api_method__, **answer.model_dump(exclude_none=True)}
        return JSONResponse({name: value for name, value in method.items() if _is_plain(value)})

    @app.get("/healthz")
    async def alive() -> Response:
        return Response()

    return app


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


if __name__ == "__main__":
    made = make("123456:TEST")
    gc.collect()
    gc.freeze()
    uvicorn.run(
        made,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
