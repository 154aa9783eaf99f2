"""An appliance that updates by slots: what the page says of them, and does."""
import json

import browser
import pytest
from bus import Bus
from image import Image

SPEC = "firmware"


@pytest.fixture(scope="module")
def bus(module_folder):
    place = module_folder / "bus"
    place.mkdir()
    bus = Bus(place)
    bus.add_rauc(step_s=1.5)
    bus.add("login1")
    yield bus
    bus.stop()


@pytest.fixture(scope="module")
def results(bus, module_folder, start_module_aloha):
    # Not for the browser, which would end with the bus, and other specs share it.
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
        aloha, port = browser.start(start_module_aloha, "", serves=False, machine=Image(module_folder))
    files = {}
    abouts = {"new": {"version": "1.3.0-1"}, "old": {"version": "1.1.0"}, "foreign": {"version": "1.3.0", "signed": False}}
    for name, about in abouts.items():
        file = module_folder / f"{name}.raucb"
        head = json.dumps({"compatible": "aloha-appliance", **about})
        file.write_text(head + " " * (600_000 - len(head)))
        files[name] = str(file)
    return browser.run(SPEC, aloha, port, FILES=files, CALLS=str(bus.folder))


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_firmware(results, check):
    results.expect(check)
