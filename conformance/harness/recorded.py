"""The set-up of the server the recordings were made with, where it is not the one we ship."""

import re
import shutil
from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[2] / "config"
# Files in the place of shipped ones, and beside them.
RECORDED = Path(__file__).resolve().parents[1] / "recorded"

# A number nobody has is answered there, and the call goes on (recorded: a transfer to one, and a loopback to one).
CATCH_ALL = """
    <extension name="everything_else">
      <condition field="destination_number" expression="^(.*)$">
        <action application="answer"/>
        <action application="park"/>
      </condition>
    </extension>
"""

# A program controls a call that comes in by SIP: synchronously (80840), or not (80843). The port it listens on stands behind.
CONTROLLED = """
    <extension name="socket_sync">
      <condition field="destination_number" expression="^80840([0-9]+)$">
        <action application="socket" data="127.0.0.1:$1"/>
      </condition>
    </extension>
    <extension name="socket_async">
      <condition field="destination_number" expression="^80843([0-9]+)$">
        <action application="socket" data="127.0.0.1:$1 async full"/>
      </condition>
    </extension>
"""

# Numbers that are refused are so there, behind a transfer.
REFUSED = """
    <extension name="refuse_with_code">
      <condition field="destination_number" expression="^7([3-6][0-9][0-9])$">
        <action application="respond" data="$1"/>
      </condition>
    </extension>
"""

# What DP_MATCH holds in the recordings of SIP calls was caught by a condition like this one.
DELAYED = """
    <extension name="delayed" continue="true">
      <condition field="${endpoint_disposition}" expression="^(DELAYED NEGOTIATION)"/>
    </extension>
"""


def write_configuration(folder):
    """Writes the configuration to `folder`, which must not exist; the path of its root."""
    shutil.copytree(SHIPPED, folder)
    shutil.copytree(RECORDED, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("README.md"))
    # It had no queues, whose agents' phones are told of when they ring.
    (folder / "autoload_configs/callcenter.conf.xml").unlink()
    # The recorded profile was not called so.
    sofia = folder / "autoload_configs/sofia.conf.xml"
    lines = sofia.read_text().splitlines(keepends=True)
    kept = [line for line in lines if '<domain name="localhost"' not in line]
    assert len(kept) == len(lines) - 1, "the profile is not called localhost any more"
    sofia.write_text("".join(kept))
    public = folder / "dialplan/public.xml"
    text = public.read_text()
    assert "|5000|" in text, "the public context has no list of numbers to add to"
    public.write_text(text.replace("|5000|", "|5000|7[3-6][0-9][0-9]|8084[03][0-9]+|", 1))
    dialplan = folder / "dialplan/default.xml"
    context = '<context name="default">\n'
    text = dialplan.read_text().replace(context, context + DELAYED + CONTROLLED + REFUSED, 1)
    assert DELAYED in text, "the dialplan has no context to begin"
    # Ours says of such a number that nobody is there.
    text, found = re.subn(r'    <extension name="nobody">.*?</extension>\n', "", text, flags=re.S)
    assert found == 1, "the dialplan has no last word to replace"
    head, end, tail = text.rpartition("  </context>")
    assert end, "the dialplan has no context to add to"
    dialplan.write_text(f"{head}{CATCH_ALL}\n{end}{tail}")
    return folder / "freeswitch.xml"
