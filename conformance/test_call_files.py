"""Records of calls as files, read by the readers programs have: Python's csv and xml."""

import csv
import io
import os
import shutil
import signal
import uuid
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from harness.recorded import SHIPPED
from harness.server import Server
from test_registrations_kept import wait_until

CSV = """<configuration name="cdr_csv.conf"><settings>
  <param name="log-base" value="{folder}"/>
  <param name="default-template" value="short"/>
  <param name="rotate-on-hup" value="true"/>
  <param name="legs" value="ab"/>
</settings><templates>
  <template name="short">"${{caller_id_name}}","${{uuid}}","${{bleg_uuid}}","${{aleg_mark}}","${{hangup_cause}}",${{billsec}}</template>
  <template name="special">${{accountcode}},"${{expr_none}}"</template>
</templates></configuration>
"""

XML = """<configuration name="xml_cdr.conf"><settings>
  <param name="log-dir" value="{folder}/documents"/>
  <param name="log-b-leg" value="false"/>
  <param name="prefix-a-leg" value="true"/>
  <param name="encode" value="true"/>
</settings></configuration>
"""


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "config"
    shutil.copytree(SHIPPED, folder)
    for name, text in (("cdr_csv", CSV), ("xml_cdr", XML)):
        (folder / f"autoload_configs/{name}.conf.xml").write_text(text.format(folder=tmp_path))
    running = Server(tmp_path / "run", xml_root=folder / "freeswitch.xml")
    yield running
    running.stop()


def read(path):
    return list(csv.reader(io.StringIO(path.read_text(), newline="")))


def test_every_leg_is_in_the_files(server, tmp_path):
    lines, documents = tmp_path / "cdr-csv", tmp_path / "documents"
    master = lines / "Master.csv"
    a, b = str(uuid.uuid4()), str(uuid.uuid4())
    name = "${url_decode(=1+1%22%2C%0D%0A%22evil<&)}"
    with server.connect() as socket:
        steps = f"set_profile_var:caller_id_name={name},set:mark=yes,bridge:{{origination_uuid={b}}}null/b"
        assert socket.api(f"originate {{origination_uuid={a},accountcode=../special}}null/a '{steps}' inline") == f"+OK {a}\n"
        wait_until(lambda: socket.api(f"uuid_exists {b}") == "true", "no second leg")
        socket.api(f"uuid_kill {a}")
        wait_until(lambda: master.exists() and len(read(master)) == 2, "the legs are not in Master.csv")
        rows = {row[1]: row for row in read(master)}
        said = '=1+1",  "evil<&'
        assert rows[a][:5] == [said, a, b, "yes", "NORMAL_CLEARING"]
        assert rows[b][1:4] == [b, b, "yes"]
        wait_until(lambda: len(list(lines.iterdir())) == 2, "the account has no file")
        assert {path.name for path in lines.iterdir()} == {"Master.csv", "%2E.%2Fspecial.csv"}

        document = documents / f"a_{a}.cdr.xml"
        wait_until(document.exists, "there is no document")
        assert [path.name for path in documents.iterdir()] == [document.name]
        cdr = ElementTree.parse(document).getroot()
        assert (cdr.tag, cdr.findtext("channel_data/direction")) == ("cdr", "outbound")
        variables = {variable.tag: unquote(variable.text) for variable in cdr.find("variables")}
        assert variables["hangup_cause"] == "NORMAL_CLEARING" and variables["accountcode"] == "../special"
        assert variables["start_stamp"][10] == " "
        ran = [application.get("app_name") for application in cdr.find("app_log")]
        assert ran == ["set_profile_var", "set", "bridge"]
        profile = cdr.find("callflow/caller_profile")
        assert profile.findtext("caller_id_name") == '=1+1",\r\n"evil<&' and profile.findtext("uuid") == a
        assert profile.findtext("originatee/originatee_caller_profile/uuid") == b
        times = {time.tag: int(time.text) for time in cdr.find("callflow/times")}
        assert 0 < times["created_time"] <= times["answered_time"] <= times["hangup_time"]


def test_files_are_put_aside(server, tmp_path):
    lines = tmp_path / "cdr-csv"

    def call(socket, account):
        """Ends a call; the names of files that have its line."""
        number = str(uuid.uuid4())
        socket.api(f"originate {{origination_uuid={number},accountcode={account}}}null/a 'hangup:' inline")
        wait_until(lambda: (lines / "Master.csv").exists() and number in (lines / "Master.csv").read_text(), "no line")
        return number

    def aside(name):
        return [path for path in lines.iterdir() if path.name.startswith(f"{name}.csv.")]

    with server.connect() as socket:
        listed = socket.api("show api").splitlines()
        assert [line.split(",")[0] for line in listed if "cdr" in line] == ["cdr_csv", "xml_cdr"]
        assert socket.api("module_exists mod_xml_cdr") == "true"
        first = call(socket, "special")
        wait_until((lines / "special.csv").exists, "the account has no file")
        assert read(lines / "special.csv") == [["special", ""]]
        assert socket.api("cdr_csv rotate") == "+OK\n"
        assert [len(aside(name)) for name in ("Master", "special")] == [1, 1]
        assert first in aside("Master")[0].read_text() and (lines / "Master.csv").read_text() == ""
        second = call(socket, "special")
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: len(aside("Master")) == 2, "SIGHUP puts nothing aside")
        assert sum(second in path.read_text() for path in aside("Master")) == 1
        assert socket.api("xml_cdr rotate") == "+OK\n"
        assert socket.api("xml_cdr") == "-USAGE: rotate\n"


def test_the_last_calls_are_in_the_files_when_the_server_stops(server, tmp_path):
    with server.connect() as socket:
        numbers = [socket.api("originate null/a park:,park: inline").split()[1] for _ in range(20)]
        socket.api("fsctl shutdown now")
    wait_until(lambda: not server.alive(), "the server does not stop")
    ended = {row[1] for row in read(tmp_path / "cdr-csv/Master.csv")}
    assert ended == set(numbers)
    assert {path.name for path in (tmp_path / "documents").iterdir()} == {f"a_{number}.cdr.xml" for number in numbers}
    server.start_again()
