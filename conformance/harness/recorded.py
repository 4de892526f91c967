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
    # The recorded profile was not called so.
    sofia = folder / "autoload_configs/sofia.conf.xml"
    lines = sofia.read_text().splitlines(keepends=True)
    kept = [line for line in lines if '<domain name="localhost"' not in line]
    assert len(kept) == len(lines) - 1, "the profile is not called localhost any more"
    sofia.write_text("".join(kept))
    dialplan = folder / "dialplan/default.xml"
    context = '<context name="default">\n'
    text = dialplan.read_text().replace(context, context + DELAYED, 1)
    assert DELAYED in text, "the dialplan has no context to begin"
    # Ours says of such a number that nobody is there.
    text, found = re.subn(r'    <extension name="nobody">.*?</extension>\n', "", text, flags=re.S)
    assert found == 1, "the dialplan has no last word to replace"
    head, end, tail = text.rpartition("  </context>")
    assert end, "the dialplan has no context to add to"
    dialplan.write_text(f"{head}{CATCH_ALL}\n{end}{tail}")
    return folder / "freeswitch.xml"
