"""A client with strict models reads what the simulator sent in a run, and calls it: `strict_client.py [--whole] URL TOKEN_FILE [FILE …]`.

The files are what other simulators sent: lists of updates as `/control/updates` answers them. After a whole run there must be
updates to read.

aiogram refuses an object without a field that the Bot API requires; a field that it does not know is taken for a mistake here, too.
"""

import argparse
import asyncio
import json
import pathlib
import sys
import urllib.request

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import (
    BufferedInputFile, ChatPermissions, EphemeralMessageParameters, InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton,
    KeyboardButtonRequestUsers, ReplyKeyboardMarkup, Update,
)
from pydantic import BaseModel, ValidationError

# A load of a hundred thousand says nothing that these do not.
MAX_UPDATES = 20_000

# Reasons that are told; the rest of many is alike.
MAX_TOLD = 20


def control(url: str, command: str, **fields):
    """A command of the simulator's control API."""
    request = urllib.request.Request(f"{url}/control/{command}", json.dumps(fields).encode(), {"content-type": "application/json"})
    # The simulator is on this machine: a proxy of the environment is in the way.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)


def unknown_fields(value, at: str = "") -> list[str]:
    """The fields that the models do not have."""
    if isinstance(value, list):
        return [field for item in value for field in unknown_fields(item, f"{at}[]")]
    if not isinstance(value, BaseModel):
        return []
    found = [f"{at}.{name} is unknown" for name in value.model_extra or {}]
    for name in type(value).model_fields:
        found += unknown_fields(getattr(value, name), f"{at}.{name}")
    return found


def read(body: str) -> list[str]:
    """What is wrong with an update."""
    try:
        return unknown_fields(Update.model_validate_json(body))
    except ValidationError as error:
        # Without what was given: it holds names.
        return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False)]


async def calls(url: str, bot: Bot):
    """Calls of the methods that the simulator has, each with its name."""
    def person(name):
        return control(url, "create_user", first_name=name, started=True)

    owner, member, guest = person("Olga"), person("Max"), person("Gala")
    rights = dict.fromkeys(
        ["can_manage_chat", "can_delete_messages", "can_restrict_members", "can_promote_members", "can_invite_users"], True
    )
    group = control(url, "create_chat", title="Strict", owner=owner, members=[member], bot={"administrator": rights})
    button = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="A", callback_data="a")]])
    choose = KeyboardButton(text="Who?", request_users=KeyboardButtonRequestUsers(request_id=1, max_quantity=2))

    yield "getMe", bot.get_me()
    yield "getWebhookInfo", bot.get_webhook_info()
    yield "getMyCommands", bot.get_my_commands()
    yield "getMyDescription", bot.get_my_description()
    yield "getMyShortDescription", bot.get_my_short_description()
    yield "getMyDefaultAdministratorRights", bot.get_my_default_administrator_rights()
    yield "getChatMenuButton", bot.get_chat_menu_button()
    for chat in (group, member):
        yield "getChat", bot.get_chat(chat)
    for user in (owner, member, guest, bot.id):
        yield "getChatMember", bot.get_chat_member(group, user)
    yield "getChatAdministrators", bot.get_chat_administrators(group)
    yield "getChatMemberCount", bot.get_chat_member_count(group)

    sent = await bot.send_message(group, "<b>A</b> <blockquote>b</blockquote>", parse_mode="HTML", reply_markup=button)
    yield "sendMessage", bot.send_message(member, "A", reply_markup=ReplyKeyboardMarkup(keyboard=[[choose]]))
    yield "sendDocument", bot.send_document(member, BufferedInputFile(b"a,b", "a.csv"), caption="A")
    query = control(url, "press", user=member, chat=group, message_id=sent.message_id, data="a", timeout_ms=0)["query_id"]
    yield "answerCallbackQuery", bot.answer_callback_query(query, "Done")
    yield "editMessageText", bot.edit_message_text("C", chat_id=group, message_id=sent.message_id)
    yield "editMessageReplyMarkup", bot.edit_message_reply_markup(chat_id=group, message_id=sent.message_id, reply_markup=button)
    yield "deleteMessage", bot.delete_message(group, sent.message_id)
    yield "deleteMessages", bot.delete_messages(group, [sent.message_id])

    alone = EphemeralMessageParameters(receiver_user_id=member)
    yield "sendMessage", bot.send_message(group, "A", ephemeral_message_parameters=alone)
    shown = await bot.send_message(group, "A", ephemeral_message_parameters=alone, reply_markup=button)
    named = {"chat_id": group, "receiver_user_id": member, "ephemeral_message_id": shown.ephemeral_message_id}
    yield "editEphemeralMessageText", bot.edit_ephemeral_message_text(text="B", **named)
    yield "deleteEphemeralMessage", bot.delete_ephemeral_message(**named)

    yield "restrictChatMember", bot.restrict_chat_member(group, member, ChatPermissions(can_send_messages=True))
    yield "getChatMember", bot.get_chat_member(group, member)
    yield "promoteChatMember", bot.promote_chat_member(group, member, can_invite_users=True)
    yield "getChatMember", bot.get_chat_member(group, member)
    yield "promoteChatMember", bot.promote_chat_member(group, member)
    yield "banChatMember", bot.ban_chat_member(group, member)
    yield "getChatMember", bot.get_chat_member(group, member)
    yield "unbanChatMember", bot.unban_chat_member(group, member, only_if_banned=True)
    control(url, "request_to_join", chat=group, user=guest)
    yield "declineChatJoinRequest", bot.decline_chat_join_request(group, guest)
    control(url, "request_to_join", chat=group, user=guest)
    yield "approveChatJoinRequest", bot.approve_chat_join_request(group, guest)
    control(url, "set_guard", chat=group, guarded=True)
    control(url, "request_to_join", chat=group, user=member)
    asked = control(url, "deliveries_in", chats=[group], after=0)[-1]["body"]["chat_join_request"]
    yield "answerChatJoinRequestQuery", bot.answer_chat_join_request_query(asked["query_id"], "queue")
    control(url, "set_community", chat=group, community=1 << 51, name="All")
    yield "getChat", bot.get_chat(group)
    yield "leaveChat", bot.leave_chat(group)


async def call_all(url: str, token: str) -> tuple[int, list[str]]:
    """How many calls were made, and what is wrong with their answers."""
    made, wrong = 0, []
    async with Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(url))) as bot:
        async for name, call in calls(url, bot):
            made += 1
            try:
                wrong += [f"answer to {name}: {what}" for what in unknown_fields(await call)]
            except Exception as error:
                wrong.append(f"{name}: {error}")
    return made, wrong


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("url")
    parser.add_argument("token_file", type=pathlib.Path)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    of = parser.parse_args()
    # The product would answer the same people and buttons.
    control(of.url, "set_webhook_delivery", paused=True)
    is_empty = of.whole and not control(of.url, "updates", limit=1)
    made, wrong = asyncio.run(call_all(of.url, of.token_file.read_text().strip()))
    bodies = control(of.url, "updates", limit=MAX_UPDATES) + [body for path in of.files for body in json.loads(path.read_text())]
    of_updates = [f"update {next(kind for kind in json.loads(body) if kind != 'update_id')}: {what}" for body in bodies for what in read(body)]
    wrong += of_updates
    if is_empty:
        wrong.append("the run has sent no update")
    for what in list(dict.fromkeys(wrong))[:MAX_TOLD]:
        print(what)
    print(f"aiogram: {len(bodies)} updates read, {made} calls, {len(wrong)} refused")
    # One test of the updates, and one a call.
    print(f"{0 if wrong else made + 1} passed, {len(wrong)} failed")
    return 1 if wrong else 0


sys.exit(main())
