"""A fleet of real agents, each on a machine of its own: its file, its way to the store.

Goal: what every test of a hazard needs, with the fleet judged at the end however
the test went about it. Method: agents are started as a user starts them, on a
folder store that each reaches through a link of its own, so that one of them can
lose it alone. All fast by scale. Nothing here asserts how fast something is:
`until` waits for what must become true, up to a limit that only a broken program
reaches. Whatever happens, no process outlives the test.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TypeVar

import yaml

import console.demo
from console.__main__ import main as console_main
from console.demo.journal_judge import WorkPeriod, epochs_rise, overlap_s, read_journals
from console.fleet.fleet import Fleet as Opened
from console.fleet.snapshot import Snapshot
from console.orders import outcomes, proposals
from console.orders.submit import submit_order
from console.setup.lease_record import create_lease, missing_lease
from sessionlib.clock import SystemClock, sleep
from sessionlib.config_loading import load
from sessionlib.core.messages import History, Report, WorkState
from sessionlib.core.values import Lease
from sessionlib.guard.sweep import HOME_MARKER, home_mark, sweep
from sessionlib.signing import new_seed, public_of, sign
from sessionlib.stores import timing_of
from sessionlib.stores.folder import FolderStore
from tests.e2e.hazards.chain import ChainWatch
from tests.needs import needs

ROOT = Path(__file__).parents[3]
COUNTER = Path(console.demo.__file__).with_name("counter.py")
ACCOUNTS = {
    "primary": {"email": "a@example.com", "role": "main_worker", "priority": 1},
    "backup1": {"email": "b@example.com", "role": "hot_standby", "priority": 2},
    "backup2": {"email": "c@example.com", "role": "hot_standby", "priority": 3},
}
TIMINGS = {"ttl": "70s", "renew": "12s", "timeout": "16s", "margin": "10s", "report": "30s"}
"""Before the scale: a lease of 3.5 s, with twice the usual room for a machine that is busy."""
PATIENCE_S = 20.0
T = TypeVar("T")


def now_s() -> float:
    """The boot-time clock, which the journals go by."""
    return SystemClock().now().boot


def until(look: Callable[[], T | None], what: str, within_s: float = PATIENCE_S) -> T:
    """What `look` returns once it is truthy; fails with `what` if it never is."""
    begin_s = now_s()
    while not (found := look()):
        assert now_s() - begin_s < within_s, f"never came true: {what}"
        sleep(0.02)
    return found


class Fleet:
    """Accounts, a store and whatever is running of them. `settings` are for single accounts:
    what else their own file says."""

    def __init__(
        self,
        folder: Path,
        accounts: int = 2,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.folder = folder
        self.root = folder / "VPS_Shared"
        self.journals = folder / "journal"
        self.seed = new_seed()
        self.accounts = tuple(ACCOUNTS)[:accounts]
        self._agents: dict[str, subprocess.Popen[bytes]] = {}
        self._homes: set[Path] = set()
        self._pids: list[int] = []
        self._started_s: dict[str, float] = {}
        for account in self.accounts:
            machine = folder / account
            machine.mkdir(parents=True)
            shutil.copy(COUNTER, machine)
            self.link(account).symlink_to(self.root)
            self._write(machine, "shared", (settings or {}).get(account, {}))
        self.config_path = self._write(folder, "VPS_Shared", {})
        config = load(self.config_path)
        self.timing = timing_of(config)
        self.store = FolderStore(self.root, SystemClock())
        self.opened = Opened(config, self.store, SystemClock())
        self.store.provision()
        lease = missing_lease(self.store, self.timing.ttl_s)
        assert lease is not None
        create_lease(self.store, lease)
        self.chain = ChainWatch(self.root / "state" / "lease")

    def _write(self, folder: Path, store: str, more: Mapping[str, Any]) -> Path:
        body = {
            "fleet": "hazards",
            "store": {"kind": "folder", "path": store},
            "fleet_key": public_of(self.seed),
            "accounts": {name: dict(ACCOUNTS[name]) for name in self.accounts},
            "workload": {
                "command": [sys.executable, "counter.py"],
                "env": {"DEMO_JOURNAL": str(self.journals), "LD_PRELOAD": ""},
                "grace": "5s",
            },
            **more,
            "timings": {"scale": 20.0, **TIMINGS, **more.get("timings", {})},
        }
        path = folder / "accounts.yaml"
        path.write_text(yaml.safe_dump(body, sort_keys=False))
        return path

    def link(self, account: str) -> Path:
        """The way that an account's machine takes to the store."""
        return self.folder / account / "shared"

    def home(self, name: str) -> Path:
        """An agent's home. `name` is an account; a twin of it has something behind a `+`, and
        a second agent in the same home something behind a `#`."""
        return self.folder / account_of(name) / f"home-{name.partition('#')[0]}"

    def start(self, *names: str, by: Sequence[str] = (sys.executable,), **env: str | None) -> None:
        """Start agents; `by` is what starts Python, None in `env` takes a variable away."""
        for name in names:
            account = account_of(name)
            config = self.folder / account / "accounts.yaml"
            words = ["--config", config, "--account", account, "--home", self.home(name)]
            self._homes.add(self.home(name))
            with self._errors(name).open("ab") as err:
                self._agents[name] = subprocess.Popen(
                    [*by, "-m", "sessionlib", "agent", *map(str, words), "--until-eof"],
                    # Closes when this process ends, however it does, and then the agent leaves.
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=err,
                    cwd=self.folder,
                    env=environment(env),
                    start_new_session=True,
                )
            self._pids.append(self.pid(name))
            self._started_s[name] = now_s()

    def begin(self, *names: str) -> Lease:
        """Start agents, all by default, and wait until the first serves and the others report."""
        first, *others = names or self.accounts
        self.start(first)
        self.served(account_of(first))
        self.start(*others)
        return self.served()

    def served(self, by: str | None = None, above: int = 0) -> Lease:
        """The lease, once all that run report and the holder serves under an epoch `above`."""

        def look() -> Lease | None:
            lease = self.serving()
            fits = lease is not None and lease.epoch > above and by in {None, lease.holder}
            return lease if fits and self._all_report() else None

        return until(look, f"{by or 'somebody'} serves under an epoch above {above}")

    def serving(self) -> Lease | None:
        """The lease, if its holder serves under it at this moment."""
        snapshot = self.look()
        lease = snapshot.lease.value
        report = self.report(lease.holder, snapshot) if lease and lease.holder else None
        if lease is None or report is None or report.workload is not WorkState.SERVING:
            return None
        return lease if report.epoch == lease.epoch and report.member == "primary" else None

    def report(self, account: str, snapshot: Snapshot | None = None) -> Report | None:
        seen = (snapshot or self.look()).reports.get(account)
        return seen.value if seen is not None else None

    def _all_report(self) -> bool:
        """Whether every account whose agent runs has been heard of since that was started."""
        seen = self.look().reports
        return all(
            (age_s := seen[name].age_s) is not None and age_s < now_s() - self._started_s[name]
            for name in self.accounts
            if self.is_running(name)
        )

    def look(self) -> Snapshot:
        return self.opened.read_snapshot()

    def lease(self) -> Lease:
        value = self.look().lease.value
        assert value is not None, "the lease can't be read"
        return value

    def hand_over(self, to: str, tries: int = 3) -> History:
        """One planned move, ordered as an operator would, to its end. On a busy machine a
        standby may seem to have stopped reporting, and the operator asks again."""
        proposal = proposals.handover(self.opened.config, self.look(), to)
        order = sign(proposal.order, self.seed)
        submit_order(self.opened, order)

        def ended() -> outcomes.OrderOutcome | None:
            outcome = outcomes.judge(order, self.look())
            return outcome if isinstance(outcome, outcomes.OrderOutcome) else None

        outcome = until(ended, f"the move to {to} has ended")
        if outcome.move is None and "stopped reporting" in outcome.text and tries > 1:
            self.served()
            return self.hand_over(to, tries - 1)
        assert outcome.done, outcome.text
        assert outcome.move is not None, outcome.text
        return outcome.move

    def console(self, *args: str) -> tuple[int, str, str]:
        """The program on this fleet, from the operator's machine: code, output, talk."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = console_main([*args, "--config", str(self.config_path)])
        return code, out.getvalue(), err.getvalue()

    def status(self) -> dict[str, Any]:
        """What `status --json` prints, which must be possible and well."""
        code, out, err = self.console("status", "--json")
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found

    def said(self, name: str, event: str) -> list[dict[str, Any]]:
        """An agent's log lines of one kind."""
        path = self.home(name) / "logs" / "agent.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        # The last one may still be on its way.
        whole = [json.loads(line) for line in lines if line.endswith("}")]
        return [line for line in whole if line["event"] == event]

    def errors(self, name: str) -> str:
        """What an agent wrote to the terminal."""
        return self._errors(name).read_text()

    def _errors(self, name: str) -> Path:
        return self.folder / f"{name}.err"

    def tenures(self) -> list[WorkPeriod]:
        return read_journals(self.journals) if self.journals.exists() else []

    def last_tick_s(self) -> float:
        """When any workload last did something."""
        return max((tenure.last.at_s for tenure in self.tenures()), default=float("-inf"))

    def last_tick_under(self, epoch: int) -> float:
        """When the workload last did something under `epoch`."""
        return max(tenure.last.at_s for tenure in self.tenures() if tenure.epoch == epoch)

    def works(self) -> bool:
        """Whether something was done in the last moments."""
        return now_s() - self.last_tick_s() < 0.2

    def is_running(self, name: str) -> bool:
        agent = self._agents.get(name)
        return agent is not None and agent.poll() is None

    def pid(self, name: str) -> int:
        return self._agents[name].pid

    def signal(self, name: str, number: signal.Signals) -> None:
        self._agents[name].send_signal(number)

    def kill(self, name: str) -> None:
        """SIGKILL an agent, and wait for it to be gone."""
        self._agents[name].kill()
        self._agents[name].wait()

    def end_of(self, name: str, within_s: float = PATIENCE_S) -> int:
        """An agent's exit code, once it has ended by itself."""
        return self._agents[name].wait(within_s)

    def judge(self) -> None:
        """Whatever has happened: never two at once, epochs rise, nobody crashed."""
        tenures = self.tenures()
        assert overlap_s(tenures) == 0.0
        assert epochs_rise(tenures)
        self.chain.judge()
        for name in self._agents:
            assert "Traceback" not in self.errors(name), self.errors(name)

    def close(self) -> None:
        """End every process of it."""
        self.chain.close()
        for agent in self._agents.values():
            if agent.poll() is None:
                agent.kill()
        for agent in self._agents.values():
            agent.wait()
            if agent.stdin is not None:
                agent.stdin.close()
        for pid in self._pids:
            # What libfaketime leaves behind of a process that was killed.
            for left in Path("/dev/shm").glob(f"*faketime_???_{pid}"):
                left.unlink(missing_ok=True)
        stay = [home for home in self._homes if not sweep(HOME_MARKER, home_mark(home), 0.2)]
        assert not stay, f"processes are left in {stay}"


@contextmanager
def fleet_in(
    folder: Path, accounts: int = 2, settings: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[Fleet]:
    """A fleet that has ended, and has been judged, afterwards."""
    fleet = Fleet(folder, accounts, settings)
    try:
        yield fleet
        fleet.judge()
    finally:
        fleet.close()


def obedient() -> tuple[str, ...]:
    """What starts Python so that it heeds permissions even if we are root."""
    if os.geteuid() != 0:
        return (sys.executable,)
    # Root is let in everywhere.
    return (
        needs("setpriv", "util-linux"),
        "--bounding-set",
        "-dac_override,-dac_read_search",
        sys.executable,
    )


def account_of(name: str) -> str:
    """The account of the agent called `name`."""
    return re.split("[+#]", name)[0]


def environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """This process's own, able to find the program, with `changes`."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COLABVPS_")}
    changed = {**plain, "PYTHONPATH": str(ROOT), **changes}
    return {name: value for name, value in changed.items() if value is not None}


def lead_astray(fleet: Fleet, account: str, to: str) -> None:
    """Take the store from one account's machine; `to` its root brings it back."""
    link = fleet.link(account)
    fresh = link.with_name("fresh")
    fresh.symlink_to(to)
    fresh.replace(link)
