import threading

from playground.people import CUSTOMER_CARE, MAYA, SALES, Channel, Installation
from playground.workspace import Change, Workspace


def workspace() -> Workspace:
    return Workspace(clock=lambda: 1000.0, installation=Installation())


def test_many_threads_post_and_no_stamp_is_given_twice() -> None:
    space = workspace()
    threads = [
        threading.Thread(target=lambda: [space.post(CUSTOMER_CARE, MAYA, "x") for _ in range(200)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stamps = [m.ts for m in space.messages(CUSTOMER_CARE)]
    assert len(stamps) == 800
    assert stamps == sorted(set(stamps))
    assert stamps[0] == "1000.000000"


def test_listeners_hear_of_every_change_until_they_leave() -> None:
    space = workspace()
    heard: list[Change] = []
    leave = space.subscribe(heard.append)
    message = space.post(CUSTOMER_CARE, MAYA, "x")
    space.replace(message, text="y")
    space.delete(message)
    leave()
    leave()
    space.post(CUSTOMER_CARE, MAYA, "z")
    assert [change.kind for change in heard] == ["posted", "changed", "removed"]
    assert heard[1].message
    assert heard[1].message.text == "y"


def test_channels_are_found_by_id_name_and_person() -> None:
    space = workspace()
    care = space.channel(CUSTOMER_CARE)
    assert care
    assert space.channel("#customer-care") == space.channel("customer-care") == care
    direct = space.channel(MAYA)
    assert direct
    assert direct.with_user == MAYA
    assert space.channel("maya") is None
    space.add_channel(Channel("C1", "new"))
    assert space.channel("new")


def test_people_are_everyone_but_the_app() -> None:
    space = workspace()
    assert [user.name for user in space.people()] == ["maya", "tom", "aiko"]
    assert len(space.users()) == 4


def test_a_reset_brings_back_the_beginning() -> None:
    space = workspace()
    space.post(SALES, MAYA, "x")
    space.remove_channel(CUSTOMER_CARE)
    space.reset()
    assert space.everything() == ()
    assert space.channel(CUSTOMER_CARE)
