"""`hub search explain`: how the database would answer a search of one of the systems."""

from typing import Any
from urllib.parse import parse_qsl

import click

from hub.bootstrap import Deployment
from hub.cli.manual import command, group
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.exchange.explanation import explain as explain_search
from hub.ports import Caller
from hub.search import parse


@group("search", "cli.search")
def search() -> None: ...


@command("explain", "cli.search-explain")
@click.argument("query", metavar="QUERY")
@click.option("--as", "client", metavar="CLIENT", required=True)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def explain(session: Session, query: str, client: str, as_json: bool) -> None:
    with session.deployment() as deployment:
        steps = _explained(deployment, query, client)
    if as_json:
        session.write_json({"steps": steps})
        return
    for number, step in enumerate(steps, 1):
        session.tell("search-explain.step", number=number, count=len(steps))
        for line in step["query"]:
            click.echo(f"  {line}")
        indexes, stages = ", ".join(step["indexes"]) or "-", " < ".join(step["stages"])
        session.tell(
            "search-explain.found", stages=stages, indexes=indexes, **{n: step[n] for n in ("keys", "documents", "ms")}
        )


def _explained(deployment: Deployment, query: str, client: str) -> list[Any]:
    known = deployment.registry.client(client)
    if known is None:
        every = ", ".join(sorted(one.id for one in deployment.registry.clients()))
        raise WrongUse("client-keys.unknown-client", id=client, known=every or "-")
    type_, _, asked = query.partition("?")
    read, _ = parse(type_, parse_qsl(asked, keep_blank_values=True), strict=True, base=deployment.settings.base_url)
    caller = Caller(known.id, known.organization, known.purposes[0])
    return list(explain_search(read, caller, hub=deployment.hub))


search.add_command(explain)
