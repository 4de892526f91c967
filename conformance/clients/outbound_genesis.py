"""A program that answers calls, as people write them with genesis: the switch connects to it.

    outbound_genesis.py PORT OTHER_PHONE
"""

import asyncio
import json
import sys

from genesis import Outbound

OTHER = sys.argv[2]


def say(**what):
    print(json.dumps(what), flush=True)


async def answering(session):
    say(stage="connected", number=session.context["Channel-Destination-Number"])
    await session.answer()
    await session.playback("tone_stream://%(1500,0,850)")
    say(stage="played")
    event = await session.play_and_get_digits(
        tries=1, timeout=10000, terminators="#", file="tone_stream://%(200,0,850)", minimal=1, maximum=1,
        invalid_file="silence", var_name="choice", regexp=r"\d", digit_timeout=2000,
    )
    while "variable_choice" not in event:
        # The library's queue still holds the end of the playback.
        event = await session.fifo.get()
    say(stage="pressed", digit=event["variable_choice"])
    await session.sendmsg("execute", "bridge", f"user/{OTHER}", lock=True)
    await asyncio.sleep(60)


async def main():
    server = Outbound(answering, "127.0.0.1", int(sys.argv[1]))
    await server.start(block=False)
    say(stage="listens")
    await asyncio.sleep(120)


asyncio.run(main())
