"""A page calls the echo: its own tone comes back, as loud as it went, without holes, and soon."""

import pytest

from harness.browser import onset
from harness.ear import assert_tone, gaps, until_heard

# From the page's tone to its echo: two jitter buffers and two sound cards of 10 ms steps. People notice from
# about 300 ms on.
LONGEST_ECHO_S = 0.4


@pytest.mark.parametrize("generation", ["d0", "d1", "d2"])
def test_the_tone_comes_back(client, generation, either):
    page = client(generation, either).registered("1001")
    page.call("9196")
    page.wait_state("established")
    page.wait_media()

    def judge(heard):
        assert_tone(heard.sent, heard.rate, *either.tone, "microphone")
        # The jitter buffers have settled by the second half.
        settled = heard.got[len(heard.got) // 2 :]
        assert_tone(settled, heard.rate, *either.tone, "echo")
        assert gaps(settled, heard.rate, either.tone[0]) == 0

    until_heard(lambda: page.listen(3), judge)
    assert page.figures()["audioCodec"] == "audio/opus"
    page.terminate()
    call = page.wait_state("terminated")
    if generation == "d2":
        assert call["reason"] == "200 to BYE", "the server has to say so before the client gives up waiting"
        assert call["endedAfterMs"] < 300


def test_it_comes_back_soon(client, either):
    hertz, level = 800.0, -14.0
    page = client("d2", either).registered("1001")
    page.call("9196", hertz=hertz, level=level)
    page.wait_state("established")
    page.wait_media()

    def judge(heard):
        sent, got = onset(heard.sent, heard.rate, hertz, level), onset(heard.got, heard.rate, hertz, level)
        assert sent is not None and got is not None
        print(f"echo after {1000 * (got - sent):.0f} ms")
        assert 0.0 < got - sent < LONGEST_ECHO_S

    until_heard(lambda: page.listen_to_onset(level, 2.5), judge)
    page.terminate()
    page.wait_state("terminated")
