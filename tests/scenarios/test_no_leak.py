"""Nothing that identifies a survivor is in a log, an error, a link, the name of a file, or an answer to somebody else.

The four sources are written with marked names, numbers, addresses and narratives. The whole journey is made at DEBUG, with
everything going wrong that can; then all that the hub wrote or said is searched for the marks. Only three places may hold
them: the database's own files, the registers, and the answers to those who may read them.
"""

import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import yaml

from demo import registers
from demo.kobo_server import KoboServer, Project
from demo.registers import MARK
from hub import settings
from hub.bootstrap import database_uri
from hub.fhir.canonicals import identifier_system
from hub.store import embedded
from tests.scenarios.conftest import PROJECT, connect_kobo
from tests.support.deployments import Deployment, Running
from tests.support.leaks import Detector, Leak
from tests.support.patience import until
from tests.support.personas import Heard, Persona, Resource, outcome, personas, reason
from tests.support.wrong_requests import CIN, PHONE, ask_for_what_is_wrong, marked

ASSOCIATIONS: Final = ("yasmine-psy", "zahra-ecoute", "arganier-droit")
ENTITLED: Final = {*ASSOCIATIONS, "chu-atlas"}
"""Who may read marked values in what they asked for: the keepers, and the hospital that they referred women to."""


@dataclass
class Evidence:
    """All that was written and said."""

    root: Path
    heard: list[Heard] = field(default_factory=list)
    asked_of_kobo: list[str] = field(default_factory=list)


def test_no_mark_is_anywhere_but_where_it_belongs(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path)
    deployment = live_through_everything(evidence)

    searched = Detector(registers.marks())
    assert (tmp_path / "deployment" / "data" / "mongod.log").stat().st_size > 0
    assert logged(deployment).count("request.answered") > len(evidence.heard), "the server did not log its requests"
    assert [heard for heard in evidence.heard if heard.status >= 500 and heard.problem != "problems.unavailable"] == []
    assert sorted({(leak.where, leak.mark) for leak in leaks(evidence, searched)}) == []


def leaks(evidence: Evidence, searched: Detector) -> Iterator[Leak]:
    root, deployment = evidence.root, evidence.root / "deployment"
    held = (deployment / "data" / "db", deployment / "registers")
    every = [path for path in root.rglob("*") if not any(path.is_relative_to(place) for place in held)]
    yield from searched.in_names([*every, *(deployment / "data" / "db").rglob("*")], root)
    for path in every:
        if path.is_file():
            yield from searched.in_file(path, root)
    for request in evidence.asked_of_kobo:
        yield from searched.in_text("a request to KoboToolbox", request)
    for heard in evidence.heard:
        yield from searched.in_text(f"{heard.status} to {heard.persona}: {said_of(heard)}", what_must_be_clean(heard))


def said_of(heard: Heard) -> str:
    return f"{heard.sent.split(' ')[0]} answered with {sorted(heard.response.headers)}"


def what_must_be_clean(heard: Heard) -> str:
    """Errors, links and headers always; all of the rest for those who may not read it."""
    echoed = {"x-correlation-id"}  # what the caller itself named its request
    headers = "\n".join(f"{name}: {value}" for name, value in heard.response.headers.items() if name not in echoed)
    text = heard.response.text
    if heard.status < 400 and text and (body := heard.body).get("resourceType") == "Bundle":
        links = [link for link in body["link"] if link["relation"] != "self"]  # `self` is the caller's own question
        body = {**body, "link": []}
        text = str(links) if heard.persona in ENTITLED else f"{links} {body}"
    elif heard.status < 400 and heard.persona in ENTITLED:
        text = ""
    return f"{headers}\n{text}"


# --- the journey -----------------------------------------------------------------------------------------------------


def live_through_everything(evidence: Evidence) -> Deployment:
    deployment = Deployment.init(evidence.root, log_level="debug")
    write_sources(deployment.folder)
    project = Project(PROJECT, "a token of this test", registers.kobo_submissions(mark=MARK))
    with KoboServer(project).running() as kobo:
        connect_kobo(deployment, kobo.url, project.token)
        with deployment.serving() as running:
            read_sources(deployment, project)
            look_into_quarantine(deployment)
            with cast_of(deployment, running) as cast:
                tell_the_story(cast)
                fail_to_deliver(deployment, project, cast)
                for persona in cast.values():
                    ask_for_what_is_wrong(persona)
            evidence.heard += [heard for persona in cast.values() for heard in persona.heard]
            kill_the_database(deployment)
            running.kill()
        with deployment.serving():
            deployment.hub("pull", "--all", codes=(1, 3))
        evidence.asked_of_kobo += [f"{asked.method} {asked.path} {dict(asked.query)}" for asked in project.asked]
    return deployment


def write_sources(folder: Path) -> None:
    registers.arabic_register(folder / "registers" / "yasmine.xlsx", mark=MARK)
    registers.french_register(folder / "registers" / "arganier.csv", mark=MARK)
    registers.gbvims_workbook(folder / "registers" / "cedre.xlsx", mark=MARK)
    by_name = folder / "registers" / "by name"  # people name files after the women in them
    by_name.mkdir()
    (by_name / f"{MARK} {PHONE}.csv").write_text(f"Nom;Date;CIN\n{MARK};02/03/2026;{CIN};{MARK};{PHONE}\n", "utf-8")
    (by_name / f"{MARK}.xlsx").write_bytes(b"PK\x03\x04 not a workbook " + MARK.encode())
    written = yaml.safe_load((folder / "connections" / "arganier-register.yaml").read_text("utf-8"))
    written["settings"] |= {"path": "registers/by name", "output": "follow-up/by-name"}
    (folder / "connections" / "by-name.yaml").write_text(yaml.safe_dump(written), "utf-8")


def read_sources(deployment: Deployment, project: Project) -> None:
    for status, body in ((500, f"Internal error near {MARK}"), (200, f"<html>{MARK}</html>")):
        project.fail(status, body=body)
        deployment.hub("pull", "zahra-kobo", codes=(1,))
    deployment.hub("check", codes=(0, 1))
    deployment.hub("pull", "--all", codes=(1, 3))


def look_into_quarantine(deployment: Deployment) -> None:
    listed = deployment.hub("quarantine", "list").out
    keys = re.findall(r"│ ([0-9a-f]{8,}) ", listed)
    assert len(keys) > 20
    deployment.hub("quarantine", "show", keys[0])
    deployment.hub("quarantine", "list", "--json")
    deployment.hub("quarantine", "replay", codes=(3,))
    preview = ("mapping", "preview", "--rows", "8")
    deployment.hub(*preview, "spreadsheet/register-ar", f"{deployment.folder}/registers/yasmine.xlsx")
    deployment.hub(*preview, "spreadsheet/register-fr", f"{deployment.folder}/registers/arganier.csv", "--json")
    deployment.hub("pull", f"{MARK}-{PHONE}", codes=(1,))


def cast_of(deployment: Deployment, running: Running) -> Any:
    """The parties, registered in the embedded database as long as the server keeps it."""
    read = settings.read(deployment.folder)
    with database_uri(read) as uri:
        return personas(str(uri), read.database, running.base_url, *sorted(ENTITLED), "hopital-oriental")


def tell_the_story(cast: dict[str, Persona]) -> None:
    hospital, other = cast["chu-atlas"], cast["hopital-oriental"]
    for number, requester in enumerate(ASSOCIATIONS):
        mine = waiting_for(hospital, requester)
        for task, status, more in (
            (mine[0], "completed", {"output": outcome("service-provided")}),
            (mine[1], "rejected", {"statusReason": reason("no-capacity")}),
            (mine[2], "accepted", {}),
        ):
            reference, person = f"Task/{task['id']}", task["for"]["reference"]
            hospital.change(reference, status="accepted" if status != "rejected" else "received")
            assert hospital.change(reference, status=status, **more).status == 200
            for persona in (hospital, other, cast[requester]):
                for one in (reference, person, task["focus"]["reference"]):
                    persona.read(one)
                for type_ in ("Task", "ServiceRequest", "Observation", "EpisodeOfCare", "Consent", "AuditEvent"):
                    persona.find(type_, patient=person, _count="1")
                persona.find("Patient", identifier=f"{identifier_system('cin')}|{CIN}")
        if number == 0:
            (consent,) = cast[requester].find("Consent", patient=mine[2]["for"]["reference"], status="active").resources
            assert cast[requester].change(f"Consent/{consent['id']}", status="inactive").status == 200
            assert hospital.read(mine[2]["for"]["reference"]).status == 404
        keeper = cast[requester]
        keeper.ask("PUT", mine[2]["for"]["reference"], marked(keeper.read(mine[2]["for"]["reference"]).body))
    assert any(
        "next" in {link["relation"] for link in h.body["link"]} for h in hospital.heard if h.sent.startswith("POST")
    )


def waiting_for(hospital: Persona, requester: str) -> list[Resource]:
    parameters = {"owner": hospital.reference, "requester": f"Organization/{requester}", "status": "requested"}
    return hospital.find("Task", **parameters).resources


def fail_to_deliver(deployment: Deployment, project: Project, cast: dict[str, Persona]) -> None:
    """A tool that answers with its data, and a register that somebody has open."""
    project.fail(500, body={"detail": f"{MARK} {PHONE}"})
    open_mark = deployment.folder / "follow-up" / "yasmine" / ".~lock.yasmine-register.xlsx#"
    open_mark.touch()
    for requester in ASSOCIATIONS:
        (task, *_) = waiting_for(cast["chu-atlas"], requester)
        cast["chu-atlas"].change(f"Task/{task['id']}", status="rejected", statusReason=reason("no-capacity"))
    failed = ("adapters.kobo-down", "adapters.register-open")
    until(lambda: all(problem in logged(deployment) for problem in failed), every=0.1)
    open_mark.unlink()


def logged(deployment: Deployment) -> str:
    return "".join(path.read_text("utf-8") for path in deployment.words.glob("*-serve.err"))


def kill_the_database(deployment: Deployment) -> None:
    os.kill(int(embedded.Home(deployment.folder / "data").running_lock.read_text("ascii")), signal.SIGKILL)


# --- the detector ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        f"Nom {MARK}", MARK.lower(), f"?identifier={CIN}", "%5A%4D%41%52%51%55%45%5A", r"\u005aMARQUEZ", "٠٦٩٩٨٨٧٧٦١",
        r"\u0660\u0666\u0669\u0669\u0668\u0668\u0667\u0667\u0666\u0661", "+212 6 99 88 77 61", "06-99-88-77-61", "&#90;MARQUEZ",
        "eyJuYW1lIjoiWk1BUlFVRVoifQ", "tel:+212699887761",
    ],
)  # fmt: skip
def test_the_detector_finds_a_mark_however_it_is_spelled(said: str) -> None:
    assert list(Detector(registers.marks()).in_text("here", f"before {said} after"))


def test_the_detector_finds_a_mark_that_was_logged_on_purpose(tmp_path: Path) -> None:
    deployment = Deployment.init(tmp_path, log_level="debug")
    said = deployment.words / "999-serve.err"
    said.write_text(f'{{"event": "disclosure.permit", "name": "{MARK}"}}\n', "utf-8")
    registers.arabic_register(deployment.folder / "follow-up.xlsx", mark=MARK)
    (deployment.folder / f"{CIN}.part").touch()
    evidence = Evidence(tmp_path)
    told = httpx2.Response(404, json={"resourceType": "OperationOutcome", "diagnostics": PHONE})
    evidence.heard.append(Heard("yasmine-psy", "GET Patient/1", told))
    found = " ".join(leak.where for leak in leaks(evidence, Detector(registers.marks())))
    for place in (
        "words/999-serve.err",
        "follow-up.xlsx: xl/",
        "the name of a file in deployment",
        "404 to yasmine-psy",
    ):
        assert place in found


def test_the_detector_is_quiet_where_there_is_no_mark(tmp_path: Path) -> None:
    deployment = Deployment.init(tmp_path)
    registers.arabic_register(deployment.folder / "follow-up.xlsx")
    assert list(leaks(Evidence(tmp_path), Detector(registers.marks()))) == []
