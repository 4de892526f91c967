"""What is refused, cancelled or lost is said in the words clients look for."""

import pytest

GENERATIONS = ["d0", "d1", "d2"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_wrong_password_is_904(client, generation):
    page = client(generation).add("1001", "wrong")
    page._run("register", page.account)
    assert page.settled_registration() == ["registering", "failed"]
    assert page.reasons()[-1].startswith("904"), page.reasons()


@pytest.mark.parametrize("generation", GENERATIONS)
def test_nobody_is_at_the_number(client, generation):
    page = client(generation).registered("1001")
    page.call("777777")
    call = page.wait_state("terminated")
    assert call["reason"].startswith("404"), call


@pytest.mark.parametrize("generation", GENERATIONS)
def test_declined_is_busy(client, second_browser, generation):
    caller = client(generation).registered("1001")
    called = client(generation, second_browser).registered("1002")
    caller.call("1002")
    called.wait_incoming()
    called.terminate()
    assert called.wait_state("terminated")["reason"] == "486 Busy Here"
    call = caller.wait_state("terminated")
    assert call["reason"].startswith("486"), call
    if generation == "d2":
        assert "ringing" in call["states"], call


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_cancelled_call_is_missed(client, second_browser, generation):
    caller = client(generation).registered("1001")
    called = client(generation, second_browser).registered("1002")
    caller.call("1002")
    called.wait_incoming()
    caller.terminate()
    assert caller.wait_state("terminated")["reason"].startswith("487")
    assert called.wait_state("terminated")["reason"] == "487 Request Terminated"
    called.page.wait("jackfield.summary().missed.length === 1", what="the missed call")
    assert called.summary()["missed"][0].startswith("1001@")


def test_a_phone_that_is_not_there(client):
    page = client().registered("1001")
    page.call("1019")
    call = page.wait_state("terminated", 40)
    assert call["reason"][:3] in ("480", "404"), call


def test_an_account_that_was_not_added(client):
    page = client().registered("1001")
    with pytest.raises(AssertionError, match="Unknown account specified"):
        page.ask("account-register", account="1002@127.0.0.1")


def test_a_request_nobody_knows_is_answered(client):
    page = client().registered("1001")
    with pytest.raises(AssertionError, match="Error: "):
        page.ask("account-sing", account="1001@127.0.0.1")
