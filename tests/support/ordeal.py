"""One ordeal: a deployment under load, killed at random, then counted. `root` holds everything; the same seed makes the same plan."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from openpyxl import load_workbook
from pymongo import MongoClient
from pymongo.database import Database

from adapters.replay.faults import Cut, Hang, refusal
from demo.kobo_server import KoboServer, Project
from hub.store import embedded
from hub.subscription.extensions import TIMEOUT
from tests.support import tally as counting
from tests.support import written_registers as registers
from tests.support.deployments import READY_S, Deployment
from tests.support.load import Journal, Load
from tests.support.moods import Moods, Subscriber
from tests.support.patience import until
from tests.support.personas import Persona, elsewhere, personas
from tests.support.rig import Rig
from tests.support.subscribing import subscription
from tests.support.tally import Row, Tally
from tests.support.wanderers import Told, Wanderer, wandering
from tests.support.written_submissions import ASSET, agreed_case

KEEPER: Final = "arganier-droit"
HOSPITAL: Final = "chu-atlas"
WOMEN: Final = 12
SUBMISSIONS: Final = 4
PROJECT: Final = "arganier-project"
TOKEN: Final = "a token of this ordeal"
FAULTS: Final = (refusal(500), refusal(429, retry_after=2), Cut(), Hang(1.0))
"""Of the project: it may have written, and its writer never learns of it."""
HOUR_S: Final = 3600.0
DRAINED_AFTER_S: Final = 4.0
NEVER: Final = 1e12  # a moment that does not come: nobody knows whether she withdrew
TABLE: Final = "faults.txt"
TAKES_S: Final = 2
"""So long does the hub wait for a subscriber."""


@dataclass(frozen=True)
class Plan:
    """`women`, `leaving`: how many are referred, and how many withdraw. `drains_s`: so long may what waits take to go out when
    nothing fails any more; `takes_s`: a subscriber to answer; `hour`: whether a subscriber is away for an hour of the deliverers' clock."""

    kills: Sequence[str]
    seed: int
    mistake: str = "none"
    leaving: int = 3
    moody: bool = True
    takes_s: float = 0.0
    hour: bool = True
    between_s: tuple[float, float] = (0.4, 2.0)
    drains_s: float = 240


@dataclass
class Ordeal:
    rig: Rig
    load: Load
    subscribers: list[Subscriber]
    database: Database[Any]
    tally: Tally
    crowd: Sequence[Wanderer]
    project: Project

    @property
    def journal(self) -> Journal:
        return self.load.journal

    @property
    def under_way(self) -> int:
        """The most that could be being sent when something was killed: one to each subscriber."""
        return len(self.subscribers) * sum(self.rig.killed.values())


def undergo(root: Path, plan: Plan) -> Ordeal:
    project = Project(ASSET, TOKEN, [agreed_case(number) for number in range(1, SUBMISSIONS + 1)])
    with KoboServer(project).running() as tool:
        return _undergo(root, plan, tool)


def _undergo(root: Path, plan: Plan, tool: KoboServer) -> Ordeal:
    chance = Random(plan.seed)
    named = {"keeper": KEEPER, "hospital": HOSPITAL, "moody": KEEPER}
    subscribers = [Subscriber(name, party, takes_s=plan.takes_s) for name, party in named.items()]
    for one in subscribers:
        one.open()
    deployment = deployed(root, plan, subscribers, tool.url)
    rig = Rig(deployment, Random(plan.seed + 2), plan.mistake)
    with embedded.mongod(deployment.folder, cache_gb=0.25) as uri, MongoClient[Any](uri) as client:
        database = client.ihala
        place, before, rows = counting.place(database), versions(database), list(counting.rows_now(database))
        with (
            personas(uri, "ihala", deployment.base_url, KEEPER, HOSPITAL) as cast,
            rig.running(lambda: subscribe(subscribers, cast)),
        ):
            until(lambda: database.subscriptions.count_documents({"status": "active"}) == len(subscribers), READY_S)
            women = [f"Patient/{one['_id']}" for one in database.Patient.find({}, {"_id": 1})]
            staying, leaving = women[plan.leaving :], women[: plan.leaving]
            load = Load(cast[KEEPER], cast[HOSPITAL], staying, leaving, chance)
            parties = (cast[KEEPER], cast[KEEPER], cast[HOSPITAL])
            with ExitStack() as own:
                apart = [own.enter_context(elsewhere(by, deployment.base_url)) for by in parties]
                crowd = [Wanderer(deployment.port, by.show_token, Random(number)) for number, by in enumerate(apart)]
                own.enter_context(wandering(crowd))
                ordeal = Ordeal(rig, load, subscribers, database, Tally(), crowd, tool.project)
                with load.running(), Moods(subscribers[1:] if plan.moody else [], Random(plan.seed + 1)).running():
                    suffer(rig, plan, chance, subscribers[2], tool.project)
                tool.project.forgive()
                rig.recover()
                drain(ordeal, plan.drains_s)
                since = list(counting.rows_since(database, place))
                hear_the_rest(crowd, since)
            count(ordeal, cast[KEEPER], cast[HOSPITAL], [*rows, *since], before)
            for one in crowd[:2]:
                counting.check_listener(one.heard, told_to_keeper(since), ordeal.tally)
        audit = deployment.hub("audit", "verify", codes=(0, 1, 2, 3))
        ordeal.tally.blame(audit.code != 0, f"the audit trail does not verify: {audit.out}")
    for one in subscribers:
        one.close()
    return ordeal


def subscribe(subscribers: Sequence[Subscriber], cast: Mapping[str, Persona]) -> None:
    """Each for what its organisation may know, with little patience."""
    brief = [{"url": TIMEOUT, "valueUnsignedInt": TAKES_S}]
    for one in subscribers:
        wanted = subscription(f"http://127.0.0.1:{one.port}/hook", extension=brief)
        made = cast[one.organization].create(wanted)
        assert made.status == 201, made.response.text
        one.subscription = made.body["id"]


def deployed(root: Path, plan: Plan, subscribers: Sequence[Subscriber], tool: str) -> Deployment:
    made = Deployment.init(root)
    made.set("delivery", "enabled", "false")
    hosts = json.dumps([f"http://127.0.0.1:{one.port}" for one in subscribers])
    made.add(f"[subscription]\nhosts = {hosts}\n")
    rows = [registers.french_case(n) for n in range(1, WOMEN + plan.leaving + 1)]
    registers.write_french(made.folder / "registers" / "arganier.csv", rows)
    for other in ("yasmine-register", "zahra-kobo", "cedre-recorder"):
        (made.folder / "connections" / f"{other}.yaml").unlink()
    made.hub("pull", "arganier-register")
    lines = [f"organization: {KEEPER}", "adapter: kobo", "mapping: kobo/intake"]
    lines += ["settings:", f"  url: {tool}", f"  asset: {ASSET}", "secrets:", "  token: {file: secrets/kobo-token}", ""]
    (made.folder / "connections" / f"{PROJECT}.yaml").write_text("\n".join(lines), "utf-8")
    (made.folder / "secrets" / "kobo-token").write_text(TOKEN, "utf-8")
    made.hub("pull", PROJECT)
    return made


def told_to_keeper(rows: Sequence[Row]) -> set[Told]:
    mine = (row for row in rows if row.recipient in {"", KEEPER})
    return {(row.reference, row.version) for row in mine if row.version is not None}


def hear_the_rest(crowd: Sequence[Wanderer], rows: Sequence[Row]) -> None:
    for one in crowd:
        one.stays = True
    with suppress(AssertionError):
        until(lambda: all(told_to_keeper(rows) <= set(one.heard) for one in crowd[:2]))


def suffer(rig: Rig, plan: Plan, chance: Random, away: Subscriber, tool: Project) -> None:
    moods = Random(plan.seed + 3)
    for number, target in enumerate(plan.kills):
        time.sleep(chance.uniform(*plan.between_s))
        if plan.moody:
            tool.order(moods.choice(FAULTS))
        rig.kill(target)
        if plan.hour and number == len(plan.kills) // 2:
            away.vanishes = True
            away.close()
            for _ in range(6):
                time.sleep(0.5)
                rig.advance(HOUR_S / 6)
            away.vanishes = False
    time.sleep(1)


def drain(ordeal: Ordeal, seconds: float) -> None:
    """Until nothing waits. Pauses are not waited for: the clock goes on."""
    ends, quiet = time.monotonic() + seconds, 0.0
    while time.monotonic() < ends and quiet < DRAINED_AFTER_S:
        time.sleep(0.5)
        waits = waiting(ordeal.database)
        quiet = 0.0 if waits else quiet + 2
        if waits:
            ordeal.rig.advance(20)


def waiting(database: Database[Any]) -> int:
    wanted = {"state": "waiting"}
    return int(database.outbox.count_documents(wanted) + database.dispatches.count_documents(wanted))


def versions(database: Database[Any]) -> dict[str, int]:
    return {f"Task/{one['_id']}": int(one["v"]) for one in database.Task.find({}, {"v": 1})}


def count(ordeal: Ordeal, keeper: Persona, hospital: Persona, rows: Sequence[Row], before: Mapping[str, int]) -> None:
    database, tally = ordeal.database, ordeal.tally
    rows = [row for row in rows if row.reference.startswith("Task/")]  # as the subscribers are told
    counting.check_rows(rows, versions(database), before, tally)
    counting.check_changes(ordeal.journal, keeper, tally)
    counting.check_created(ordeal.journal, keeper, tally)
    for told in ordeal.rig.deployment.logged("error") if ordeal.journal.broken else ():
        tally.blame(True, f"its log says: {told}")
    hidden = excused(ordeal)
    for one in ordeal.subscribers:
        mine = counting.events(database, one, rows)
        counting.check_subscriber(one, rows, mine, hidden if one.organization == HOSPITAL else {}, tally)
    for reference, since in hidden.items():
        answer = hospital.read(reference)
        tally.blame(since < NEVER and answer.status != 404, f"{reference}: {answer.status} after the withdrawal")
    expected = json.loads(ordeal.rig.deployment.hub("expect", module=("tests.support.hooked",)).out)
    (register,) = (ordeal.rig.deployment.folder / "follow-up" / "arganier").parent.rglob("*.xlsx")
    book = load_workbook(register)
    table = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    rows_of_it = {id_: told["values"] for id_, told in expected["arganier-register"].items()}
    counting.check_rows_of_tool([table[2], *table[4:]], rows_of_it, tally)
    submissions = {str(number): ordeal.project.submission(number) for number in ordeal.project.numbers}
    counting.check_submissions(submissions, expected.get(PROJECT, {}), tally)
    tally.blame(waiting(database) > 0, f"{waiting(database)} still wait")
    dead = database.dispatches.count_documents({"state": "dead"})
    tally.blame(dead > 0, f"{dead} are dead letters")


def excused(ordeal: Ordeal) -> dict[str, float]:
    """Referrals of those who withdrew, or may have."""
    found = {}
    for woman, since in ordeal.journal.withdrawn.items():
        for task in ordeal.database.Task.find({"person": woman.partition("/")[2]}, {"_id": 1}):
            found[f"Task/{task['_id']}"] = since or NEVER
    return found


def table(ordeal: Ordeal) -> str:
    journal, tally = ordeal.journal, ordeal.tally
    killed = ordeal.rig.killed
    lines = [
        *(f"killed {target:<12}{count:>8}" for target, count in sorted(killed.items())),
        f"kills in all       {sum(killed.values()) - killed['pause']:>8}",
        *(f"requests {name:<10}{journal.answers[name]:>8}" for name in ("sent", "acknowledged", "refused", "unknown")),
        *(
            f"events {name:<12}{getattr(tally, name):>8}"
            for name in ("sent", "received", "lost", "doubled", "unexplained")
        ),
        f"gave up            {ordeal.rig.gave_up:>8}",
        f"withdrawals        {len(journal.withdrawn):>8}",
        f"heard on streams    {sum(len(one.heard) for one in ordeal.crowd):>7}",
        f"connections         {sum(one.connections for one in ordeal.crowd):>7}",
        *(f"refused {what:<32}{count:>6}" for what, count in journal.refusals.most_common()),
        *sorted(set(tally.wrong)),
    ]
    return "\n".join(lines)
