# SPDX-License-Identifier: Apache-2.0
"""Fixtures: `lemu` (the staged program, checked for leftovers after every test) and `mode` (each way to run a function)."""
import os
import pathlib
import shutil
import tempfile

import capabilities
import harness
import leftovers
import limits
import neighbours
import pytest


def pytest_addoption(parser):
    group = parser.getgroup("lemu")
    group.addoption("--mode", action="append", help="only this mode: x86_64-native, arm64-binfmt, arm64-direct, …-bare")
    group.addoption("--arch", help="only this architecture: arm64 or x86_64")
    group.addoption("--launch", choices=["native", "binfmt", "direct"],
                    help=f"only this way of starting; every run for {harness.FOREIGN_ARCH} is made to start so")
    group.addoption("--write-left-to-lemu", metavar="FILE", help="write the names of the tests that leave it to lemu how to"
                    f" start a function for {harness.FOREIGN_ARCH}: only these are other tests with --launch")
    group.addoption("--only-from", metavar="FILE", help="only the tests whose names are in FILE, one a line")
    group.addoption("--host", help="only where this is withheld: " + ", ".join(harness.POOR_HOSTS))


def pytest_configure(config):
    config.addinivalue_line("markers", "bare: also run without a sandbox")
    config.addinivalue_line("markers", "poor_host(*names, only=False): also where something is withheld (harness.POOR_HOSTS)")
    config.addinivalue_line("markers", "needs(*capabilities): what this test cannot do without")
    config.addinivalue_line("markers", "free_choice: lemu chooses how to start a function: no test for --launch")
    config.addinivalue_line("markers", "once: the same test whoever runs it; tests/as_user leaves it out")
    config.addinivalue_line("markers", "alone: it looks at the whole machine or takes all of it; no test runs beside it")
    config.addinivalue_line("markers", "leaves(*words): leftovers that are this test's subject")
    config.pluginmanager.register(limits.Limits(config))
    neighbours.plug_in(config)
    unknown = set(capabilities.must_run()) - set(capabilities.CAPABILITIES)
    if unknown:
        raise pytest.UsageError(f"LEMU_MUST_RUN names what no test knows: {', '.join(sorted(unknown))}")
    launch = config.getoption("--launch")
    harness.launch_of_foreign = None if launch == "native" else launch
    if os.geteuid() == 0:
        harness.put_tools_within_reach(config.add_cleanup)
    harness.become_subreaper()
    harness.pass_on_no_ignored_signals()


def launch_on(mode):
    """How lemu is made to start a mode that leaves the choice to it."""
    return harness.launch_of_foreign if mode.emulated and mode.launch == "auto" else mode.launch


def pytest_generate_tests(metafunc):
    asked = [marker.args[0] for marker in metafunc.definition.iter_markers("parametrize")]
    if "any_user" in metafunc.fixturenames and "any_user" not in asked:
        # Root runs it as a user too, which then need not be done again (tests/as_user).
        users = [pytest.param("as-user", marks=pytest.mark.once)] + (["as-root"] if os.geteuid() == 0 else [])
        metafunc.parametrize("any_user", users, indirect=True)
    if "mode" not in metafunc.fixturenames:
        return
    option = metafunc.config.getoption
    modes = list(harness.MODES)
    if metafunc.definition.get_closest_marker("bare"):
        modes += harness.BARE_MODES
    poor = metafunc.definition.get_closest_marker("poor_host")
    if poor:
        modes = [] if poor.kwargs.get("only") else modes
        modes += [mode for mode in harness.POOR_MODES if not poor.args or mode.host in poor.args]
    modes = [mode for mode in modes
             if (not option("mode") or str(mode) in option("mode")) and option("host") in (None, mode.host)
             and option("arch") in (None, mode.arch) and option("launch") in (None, mode.launch, launch_on(mode))]
    metafunc.parametrize("mode", modes, ids=str)


def keep_only(config, items, is_wanted):
    config.hook.pytest_deselected(items=[item for item in items if not is_wanted(item)])
    items[:] = [item for item in items if is_wanted(item)]


def pytest_collection_modifyitems(config, items):
    named = {name for item in items for marker in item.iter_markers("needs") for name in marker.args}
    if named - set(capabilities.CAPABILITIES):
        raise pytest.UsageError(f"tests need what no check knows: {', '.join(sorted(named - set(capabilities.CAPABILITIES)))}")
    if config.getoption("--launch"):
        keep_only(config, items, lambda item: not item.get_closest_marker("free_choice"))
    if config.getoption("--only-from"):
        names = set(pathlib.Path(config.getoption("--only-from")).read_text().splitlines())
        keep_only(config, items, lambda item: item.nodeid in names)
    if "LEMU_USER_OF_TESTS" in os.environ:
        keep_only(config, items, lambda item: not item.get_closest_marker("once"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    harness.left_to_lemu = False
    yield
    file = item.config.getoption("--write-left-to-lemu")
    if file and harness.left_to_lemu:
        with open(file, "a") as names:
            print(item.nodeid, file=names)


def pytest_runtest_setup(item):
    marker = item.get_closest_marker("needs")
    if marker:
        capabilities.require(*marker.args)
    if hasattr(item, "callspec") and "mode" in item.callspec.params:
        capabilities.require_mode(item.callspec.params["mode"])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    setattr(item, "report_" + report.when, report)
    if report.failed and report.when in ("call", "teardown"):
        for lemu in getattr(item, "lemus", []):
            last = f"\n{lemu.runs[-1]}" if lemu.runs else ""
            report.sections.append(("lemu", f"kept: {lemu.folder}{last}"))


def _make_lemu(request, user):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lemu-e2e-"))
    folder.chmod(0o755)
    lemu = harness.Lemu(folder, user)
    request.node.lemus = getattr(request.node, "lemus", []) + [lemu]
    watch = leftovers.Watch()
    yield lemu
    marker = request.node.get_closest_marker("leaves")
    left = watch.leftovers(lemu, marker.args if marker else ())
    failed = getattr(request.node, "report_call", None) and request.node.report_call.failed
    if not left and not failed:
        shutil.rmtree(folder)
    assert not left, "left behind: " + "; ".join(left)


@pytest.fixture
def lemu(request):
    yield from _make_lemu(request, None)


@pytest.fixture
def any_user(request):
    """lemu run by an ordinary user, and by root where the tests are root."""
    yield from _make_lemu(request, harness.NOBODY if os.geteuid() == 0 and request.param == "as-user" else None)
